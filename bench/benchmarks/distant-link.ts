import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, rates } from '../line.js';
import { alternate } from '../measure.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { type WorkerProcess } from '../processes/worker-process.js';
import { startForwarder, startHttp2Server, startHttp2Worker, startPythonWorker, startTypescriptWorker } from '../processes/workers.js';
import { changeFile, writeRandomFile } from '../write-random-file.js';

const delayMs = 10;

/** Both directions through a link of 20 ms round trip. */
export const distantLinkBenchmark: Benchmark = { name: 'distant-link', run };

async function run({ dir, python, rounds, fileBytes }: Setting): Promise<Line[]> {
  const sizeBytes = fileBytes / 4;
  await using daemon = await startBenchDaemon(dir);
  await using forwarder = await startForwarder(daemon.port, delayMs);
  await using server = await startHttp2Server();
  await using serverForwarder = await startForwarder(server.facts.port, delayMs);
  await using bare = startHttp2Worker();
  await using owner = startTypescriptWorker(daemon.environmentOf('owner'));
  const distant = daemon.environmentOf('distant', forwarder.facts.port);
  await using typescript = startTypescriptWorker(distant);
  await using pythonWorker = startPythonWorker(python, distant);
  const path = join(dir, 'large.bin');
  await writeRandomFile(path, sizeBytes);
  const { uri } = (await owner.call('store', { path })) as { uri: string };
  const upload = async (worker: WorkerProcess, operation: string): Promise<number> => {
    await changeFile(path);
    const stored = (await worker.call(operation, { path })) as { seconds: number; uri: string };
    await owner.call('delete', { uri: stored.uri });
    return stored.seconds;
  };
  const bareLink = { port: serverForwarder.facts.port, sizeBytes };
  const stub = { uri, address: `127.0.0.1:${String(forwarder.facts.port)}`, token: daemon.clientToken };
  const seconds = await alternate(rounds, {
    bareUp: () => bare.seconds('upload', bareLink),
    typescriptUp: () => upload(typescript, 'store'),
    pythonUp: () => upload(pythonWorker, 'store_file'),
    bareDown: () => bare.seconds('download', bareLink),
    typescriptDown: () => typescript.seconds('read', { uri, sizeBytes }),
    pythonDown: () => pythonWorker.seconds('read_stream', { ...stub, size_bytes: sizeBytes }),
  });
  const line = (name: string, work: string, taken: readonly number[], bareTaken: readonly number[]): Line => ({
    name,
    work: `${work}, 20 ms of round trip`,
    measured: rates(sizeBytes, taken),
    limit: { ...rates(sizeBytes, bareTaken), of: 'bare HTTP/2 stream on the same link' },
    target: { of: 'value', bound: 'at least', amount: 60 },
  });
  return [
    line('distant-store-typescript', 'store, TypeScript', seconds.typescriptUp, seconds.bareUp),
    line('distant-store-python', 'store, Python', seconds.pythonUp, seconds.bareUp),
    line('distant-read-typescript', 'ReadFile, TypeScript', seconds.typescriptDown, seconds.bareDown),
    line('distant-read-python', 'ReadFile, Python', seconds.pythonDown, seconds.bareDown),
  ];
}
