/** What counts the bytes of a connection, as sockets of Node do. */
export interface CountedSocket {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** Bytes, or bytes a second, in both directions. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** How many bytes went over a connection, and how fast they went lately. */
export class TrafficMeter {
  private total: Traffic = { received: 0, sent: 0 };
  private lately: Traffic = { received: 0, sent: 0 };
  private sampledAtMs = performance.now();
  private movedAtMs = this.sampledAtMs;

  constructor(private readonly socket: CountedSocket) {}

  /** Bytes since the connection was made. */
  get bytes(): Traffic {
    // A socket that was closed may not tell any more.
    const { received, sent } = this.total;
    return { received: Math.max(received, this.socket.bytesRead || 0), sent: Math.max(sent, this.socket.bytesWritten || 0) };
  }

  /** Bytes a second between the last two samples. */
  get bytesPerSecond(): Traffic {
    return this.lately;
  }

  /** For how long, up to the last sample, nothing has come. */
  get silentMs(): number {
    return this.sampledAtMs - this.movedAtMs;
  }

  /** Takes a sample; call it in a steady rhythm. */
  sample(): void {
    const nowMs = performance.now();
    const { bytes, total } = this;
    const seconds = (nowMs - this.sampledAtMs) / 1000;
    if (seconds > 0) this.lately = { received: (bytes.received - total.received) / seconds, sent: (bytes.sent - total.sent) / seconds };
    if (bytes.received > total.received) this.movedAtMs = nowMs;
    this.total = bytes;
    this.sampledAtMs = nowMs;
  }
}
