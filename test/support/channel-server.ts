import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

import type { ExecutionContext } from 'ava';

/** Answers a request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A web server of a test, which is closed with it. */
export class ChannelServer {
  /** Path and headers of all requests. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[] = [];
  private readonly answers = new Map<string, Answer>();
  private nextRequest: (() => void) | undefined;

  private constructor(readonly port: number) {}

  /** Starts a server on a free port of this machine. */
  static async start(t: ExecutionContext): Promise<ChannelServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const channelServer = new ChannelServer((server.address() as AddressInfo).port);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      channelServer.serve(request, response);
    });
    t.teardown(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    return channelServer;
  }

  /** The address of a path that begins with `/`. */
  url(path: string): string {
    return `http://127.0.0.1:${String(this.port)}${path}`;
  }

  /** What is answered at a path from now on: a text, or by a function. */
  put(path: string, answer: string | Answer): void {
    this.answers.set(
      path,
      typeof answer === 'string'
        ? (_request, response) => {
            response.end(answer);
          }
        : answer,
    );
  }

  /** Resolves at the next request. */
  requested(): Promise<void> {
    return new Promise((resolve) => {
      this.nextRequest = resolve;
    });
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push({ path, headers: request.headers });
    const answer = this.answers.get(path);
    if (answer) answer(request, response);
    else response.writeHead(404).end('404: Not Found');
    this.nextRequest?.();
  }
}
