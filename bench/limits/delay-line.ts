import { type Socket } from 'node:net';

/** Bytes on their way beyond which the sender is held back: far more than a flow-control window, so that the rate is not limited by it. */
const mostBytesUnderWay = 64 * 1024 * 1024;

/** How one direction of a link is. */
export interface LineShape {
  readonly delayMs: number;
  readonly bytesPerSecond: number;
}

/** Carries what one socket receives to another, each piece when it has passed at this rate and `delayMs` have gone by, in order: one direction of a distant link. */
export class DelayLine {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #shape: LineShape;
  readonly #underWay: { readonly dueMs: number; readonly data: Buffer | undefined }[] = [];
  #underWayBytes = 0;
  /** When the line has taken everything that came. */
  #freeMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, shape: LineShape) {
    [this.#from, this.#to, this.#shape] = [from, to, shape];
    from.on('data', (data: Buffer) => {
      this.#take(data);
    });
    from.on('end', () => {
      this.#take(undefined);
    });
    from.on('close', () => {
      if (from.errored) to.destroy();
    });
    to.on('close', () => {
      clearTimeout(this.#timer);
    });
  }

  #take(data: Buffer | undefined): void {
    const { delayMs, bytesPerSecond } = this.#shape;
    this.#freeMs = Math.max(this.#freeMs, performance.now()) + ((data?.length ?? 0) / bytesPerSecond) * 1000;
    this.#underWay.push({ dueMs: this.#freeMs + delayMs, data });
    this.#underWayBytes += data?.length ?? 0;
    if (this.#underWayBytes > mostBytesUnderWay) this.#from.pause();
    if (!this.#timer) this.#wait();
  }

  #wait(): void {
    const next = this.#underWay[0];
    this.#timer =
      next &&
      setTimeout(
        () => {
          this.#deliver();
        },
        Math.max(0, next.dueMs - performance.now()),
      );
  }

  #deliver(): void {
    let delivered = 0;
    const now = performance.now();
    for (const { dueMs, data } of this.#underWay) {
      if (dueMs > now) break;
      delivered++;
      if (data) this.#send(data);
      else this.#to.end();
    }
    this.#underWay.splice(0, delivered);
    this.#wait();
  }

  #send(data: Buffer): void {
    this.#underWayBytes -= data.length;
    if (!this.#to.destroyed) this.#to.write(data);
    if (this.#underWayBytes <= mostBytesUnderWay) this.#from.resume();
  }
}
