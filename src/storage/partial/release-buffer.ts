/** Smaller ones are not worth it, or parts of a buffer that many share. */
const minReleasedBytes = 64 * 1024;
/** What may stand beside the bytes in a buffer of their own: the header of a message. */
const maxHeaderBytes = 1024;

const { port1: sink } = new MessageChannel();
sink.close();

/**
 * Gives the memory under bytes back at once, if they are nearly all of their buffer: nobody may use them any more. Otherwise the collector does that when it
 * comes by, and until then they count for it as live, which makes it come by more often.
 */
export function releaseBuffer({ buffer, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength < minReleasedBytes || buffer.byteLength - byteLength > maxHeaderBytes) return;
  // What is sent to a port that is closed is dropped.
  sink.postMessage(undefined, [buffer]);
}
