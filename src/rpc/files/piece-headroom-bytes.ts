import { fieldHeadroomBytes } from '../codec/bytes-field.js';
import { frameHeadroomBytes } from '../interceptors/frame-in-place.js';

/** Room before each piece of a file for its field's header and, before that, for the frame of its message. */
export const pieceHeadroomBytes = fieldHeadroomBytes + frameHeadroomBytes;
