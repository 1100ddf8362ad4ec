import { KacheryError } from './failure.js';

/** The failure of a file that this node does not have. */
export function fileNotFound(uri: string): KacheryError {
  return new KacheryError(
    'file-not-found',
    `This node does not have ${uri}, and there is nobody else to ask. Check the URI, or store the file on this node first.`,
    { uri },
  );
}
