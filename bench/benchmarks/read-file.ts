import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, rates } from '../line.js';
import { alternate } from '../measure.js';
import { ProcessorMeter } from '../processor-meter.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { startHttp2Server, startHttp2Worker, startPythonWorker, startTypescriptWorker } from '../processes/workers.js';
import { writeRandomFile } from '../write-random-file.js';

/** Reading a large file through the daemon, to clients that do not see its storage directory. */
export const readFileBenchmark: Benchmark = { name: 'read-file', run };

async function run({ dir, python, rounds, fileBytes }: Setting): Promise<Line[]> {
  await using daemon = await startBenchDaemon(dir);
  await using server = await startHttp2Server();
  await using bare = startHttp2Worker();
  await using typescript = startTypescriptWorker(daemon.environmentOf('distant'));
  await using pythonWorker = startPythonWorker(python, daemon.environmentOf('distant'));
  const path = join(dir, 'large.bin');
  await writeRandomFile(path, fileBytes);
  const { uri } = (await typescript.call('store', { path })) as { uri: string };
  const stub = { uri, address: `127.0.0.1:${String(daemon.port)}`, token: daemon.clientToken };
  const meter = new ProcessorMeter(daemon.pid);
  const seconds = await alternate(rounds, {
    bare: () => bare.seconds('download', { port: server.facts.port, sizeBytes: fileBytes }),
    typescript: meter.count('typescript', () => typescript.seconds('read', { uri, sizeBytes: fileBytes })),
    python: meter.count('python', () => pythonWorker.seconds('read_stream', { ...stub, size_bytes: fileBytes })),
  });
  const limit = { ...rates(fileBytes, seconds.bare), of: 'bare HTTP/2 stream out of memory' };
  return [
    {
      name: 'read-typescript',
      work: 'ReadFile of a large file, TypeScript',
      measured: rates(fileBytes, seconds.typescript),
      limit,
      target: { of: 'ratio', bound: 'at least', amount: 0.7 },
      notes: { daemonProcessorSeconds: meter.secondsOf('typescript') },
    },
    {
      name: 'read-python',
      work: 'ReadFile of a large file, Python',
      measured: rates(fileBytes, seconds.python),
      limit,
      target: { of: 'ratio', bound: 'at least', amount: 0.6 },
      notes: { daemonProcessorSeconds: meter.secondsOf('python') },
    },
  ];
}
