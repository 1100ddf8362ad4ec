import { limits } from '../../src/core/limits.js';

/** Flow-control window of the bare streams, as the daemon's own, in bytes. */
export const windowBytes = limits.flowControlWindowBytes;

/** How much the bare streams write at a time, as the daemon's own, in bytes. */
export const pieceBytes = limits.dataMessageBytes;
