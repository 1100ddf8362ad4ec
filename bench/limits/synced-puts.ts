import { Level } from 'level';

import { secondsOf } from '../measure.js';

/** Seconds of so many synced puts of about an append's size to a database of its own in `dir`, one after another. */
export async function syncedPuts(dir: string, count: number): Promise<number> {
  const database = new Level<string, Buffer>(dir, { valueEncoding: 'buffer' });
  await database.open();
  try {
    const value = Buffer.alloc(300, 7);
    return await secondsOf(async () => {
      for (let done = 0; done < count; done++) await database.put(`key ${String(done)}`, value, { sync: true });
    });
  } finally {
    await database.close();
  }
}
