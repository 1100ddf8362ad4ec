import { join } from 'node:path';

import { WorkerProcess } from '../processes/worker-process.js';
import { installedPython } from '../python-environment.js';
import { repositoryRoot } from '../repository.js';
import { startDemoDaemon } from './demo-daemon.js';
import { exchangeBetweenNodes } from './exchange-between-nodes.js';
import { fetchRecording } from './fetch-recording.js';
import { freePort } from '../processes/free-port.js';
import { followLive } from './follow-live.js';
import { loadInPython } from './load-in-python.js';
import { loadInTypescript } from './load-in-typescript.js';
import { loadWithCommand, runCommand } from './load-with-command.js';
import { type Narrator } from './narrator.js';
import { type Original, type Stage } from './stage.js';
import { storeInPython } from './store-in-python.js';

/** What the demonstration works with. */
export interface DemoOptions {
  /** Empty directory for everything that it writes. */
  readonly dir: string;
  /** Size of the array. */
  readonly mebibytes: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Goes through the whole demonstration. When it is over, in whatever way, no process of it is left. Fails if a step does. */
export async function runDemo(narrator: Narrator, { dir, mebibytes, signal }: DemoOptions): Promise<void> {
  narrator.chapter('Set up');
  const { interpreter } = await narrator.step('install the Python package, in .cache/python', async () => ({ interpreter: await installedPython(signal) }));
  const { path: recordingPath } = await narrator.step('get a real recording from PyPI: data3.csv of heartpy 1.2.7', async () => ({
    path: await fetchRecording(interpreter, signal),
  }));
  const peerPort = await freePort();
  const { daemon: started } = await narrator.step('kachery-p2p start-daemon', async () => {
    const daemon = await startDemoDaemon(dir, peerPort, signal);
    return { daemon, details: [`node ${daemon.facts.nodeId.slice(0, 16)}… at ${daemon.facts.address}`] };
  });
  await using daemon = started;
  await using python = new WorkerProcess([interpreter, join(repositoryRoot, 'bench/demo/worker.py')], daemon.environment, signal);
  const stage: Stage = { narrator, daemon, python, dir, signal };
  const [recording, array] = await storeInPython(stage, recordingPath, mebibytes);
  const originals: readonly [Original, Original] = [recording, array];
  await loadInPython(stage, originals);
  await loadInTypescript(stage, originals);
  await loadWithCommand(stage, originals);
  await followLive(stage, recording);
  await exchangeBetweenNodes({ ...stage, peerPort }, originals);
  narrator.chapter('Stop');
  await narrator.step('kachery-p2p stop-daemon', async () => {
    await runCommand(stage, ['stop-daemon']);
    const exitCode = await daemon.ended;
    if (exitCode !== 0) throw new Error(`the daemon ended with exit code ${String(exitCode)}`);
    return {};
  });
}
