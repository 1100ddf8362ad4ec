import { randomRanges } from './random-ranges.js';
import { type Original, type Stage } from './stage.js';

const rangeCount = 1000;
const rangeBytes = 64 * 1024;

/** Loads everything back in Python: with the package, and with nothing but the generated stub. */
export async function loadInPython({ narrator, python, daemon }: Stage, [recording, array]: readonly [Original, Original]): Promise<void> {
  narrator.chapter('Load, in Python');
  await narrator.step('kp.load_file(recording)', async () => {
    await python.call('load_file', { uri: recording.uri, name: recording.name });
    return { sizeBytes: recording.sizeBytes };
  });
  await narrator.step('kp.load_npy(array)', async () => {
    await python.call('load_array', { uri: array.uri, name: array.name });
    return { sizeBytes: array.sizeBytes };
  });
  await narrator.step(`kp.load_bytes(array, …), ${rangeCount.toLocaleString('en')} ranges of 64 KiB`, async () => {
    await python.call('load_ranges', { uri: array.uri, name: array.name, ranges: randomRanges(array.sizeBytes, rangeCount, rangeBytes) });
    return { sizeBytes: rangeCount * rangeBytes };
  });
  await narrator.step('ReadFile(array) with the generated stub alone, over gRPC', async () => {
    await python.call('read_over_grpc', { address: daemon.facts.address, token: daemon.clientToken, uri: array.uri, name: array.name });
    return { sizeBytes: array.sizeBytes };
  });
}
