/** Buffers to read into that are used again: new ones for every piece keep the garbage collector busy with their memory. */
export class ReadBuffers {
  private readonly free: Buffer[] = [];

  /**
   * @param bufferBytes Size of each buffer.
   * @param maxFree How many that nobody uses are kept.
   */
  constructor(
    private readonly bufferBytes: number,
    private readonly maxFree: number,
  ) {}

  /** A buffer of at least `sizeBytes` with any content. It may be released when nobody needs it any more, but need not be. */
  acquire(sizeBytes: number): Buffer {
    const isUsual = sizeBytes * 2 > this.bufferBytes && sizeBytes <= this.bufferBytes;
    return (isUsual ? this.free.pop() : undefined) ?? Buffer.allocUnsafeSlow(isUsual ? this.bufferBytes : sizeBytes);
  }

  /** Takes back the buffer under a view that nobody will look at again. */
  release(view: Uint8Array): void {
    if (view.buffer.byteLength !== this.bufferBytes || this.free.length >= this.maxFree) return;
    this.free.push(Buffer.from(view.buffer as ArrayBuffer));
  }
}
