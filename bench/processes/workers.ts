import { join } from 'node:path';

import { compiledProgram, repositoryRoot } from '../repository.js';
import { type ReadyProcess, startReadyProcess } from './ready-process.js';
import { WorkerProcess } from './worker-process.js';

/** A worker with the TypeScript client; see programs/kachery-worker.ts. */
export function startTypescriptWorker(environment: NodeJS.ProcessEnv): WorkerProcess {
  return new WorkerProcess([process.execPath, compiledProgram('programs/kachery-worker')], environment);
}

/** A worker with the TypeScript client that works on feeds; see programs/feed-worker.ts. */
export function startFeedWorker(environment: NodeJS.ProcessEnv): WorkerProcess {
  return new WorkerProcess([process.execPath, compiledProgram('programs/feed-worker')], environment);
}

/** A worker with the Python package; see bench/python/worker.py. */
export function startPythonWorker(python: string, environment: NodeJS.ProcessEnv): WorkerProcess {
  return new WorkerProcess([python, join(repositoryRoot, 'bench/python/worker.py')], environment);
}

/** A worker with a bare HTTP/2 client; see programs/http2-client.ts. */
export function startHttp2Worker(): WorkerProcess {
  return new WorkerProcess([process.execPath, compiledProgram('programs/http2-client')]);
}

/** A bare HTTP/2 server; see programs/http2-server.ts. */
export function startHttp2Server(): Promise<ReadyProcess<{ port: number }>> {
  return startReadyProcess({ command: [process.execPath, compiledProgram('programs/http2-server')] });
}

/** A distant link to a port of this machine, with a limit on what a direction carries if one is given; see programs/delay-forwarder.ts. */
export function startForwarder(port: number, delayMs: number, bytesPerSecond = Infinity): Promise<ReadyProcess<{ port: number }>> {
  const numbers = [port, delayMs, bytesPerSecond].map(String);
  return startReadyProcess({ command: [process.execPath, compiledProgram('programs/delay-forwarder'), ...numbers] });
}

/** A bare TLS server; see programs/tls-server.ts. */
export function startTlsServer(): Promise<ReadyProcess<{ port: number }>> {
  return startReadyProcess({ command: [process.execPath, compiledProgram('programs/tls-server')] });
}

/** A worker with a bare TLS client that writes to a file; see programs/tls-worker.ts. */
export function startTlsWorker(): WorkerProcess {
  return new WorkerProcess([process.execPath, compiledProgram('programs/tls-worker')]);
}
