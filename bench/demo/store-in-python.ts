import { type Original, type OriginalName, type Stage } from './stage.js';

/** Stores a real recording and a large array from Python. */
export async function storeInPython({ narrator, python }: Stage, recordingPath: string, mebibytes: number): Promise<[recording: Original, array: Original]> {
  narrator.chapter('Store, in Python');
  const recording = await narrator.step('read the recording', async () => {
    const facts = (await python.call('read_recording', { path: recordingPath })) as { sizeBytes: number; samples: number };
    return { ...facts, details: [`${facts.samples.toLocaleString('en')} samples of a pulse sensor, 11 minutes`] };
  });
  const array = await narrator.step('make an array, as of a probe with 256 channels', async () => {
    const facts = (await python.call('make_array', { mebibytes })) as { sizeBytes: number; rows: number; channels: number };
    return { ...facts, details: [`int16, ${facts.rows.toLocaleString('en')} × ${String(facts.channels)}`] };
  });
  const store = async (title: string, name: OriginalName, operation: string, parameters: object, sizeBytes: number): Promise<Original> => {
    const sha256 = String(await python.call('digest', { name }));
    const { uri } = await narrator.step(title, async () => {
      const stored = String(await python.call(operation, parameters));
      return { uri: stored, sizeBytes, details: [stored] };
    });
    return { name, uri, sizeBytes, sha256 };
  };
  const originals: [Original, Original] = [
    await store('kp.store_file(recording)', 'recording', 'store_file', { path: recordingPath }, recording.sizeBytes),
    await store('kp.store_npy(array)', 'array', 'store_array', { name: 'array' }, array.sizeBytes),
  ];
  await narrator.step('kp.store_file(recording), once more: nothing is read or sent', async () => {
    await python.call('store_file', { path: recordingPath });
    return {};
  });
  return originals;
}
