import test from 'ava';

import { median } from '../../../../bench/measure.js';
import { simulateChannel } from '../../../../bench/simulation/simulate-channel.js';

// Time is simulated, and the same on every machine.
for (const members of [100, 1_000]) {
  test(`in a channel of ${String(members)} members of whom a fifth is away, finding a file costs few messages, and joining takes seconds`, async (t) => {
    const result = await simulateChannel({ members, filesOfNode: 8, finds: 150, awayShare: 0.2 });
    t.log({
      ...result,
      findMessages: median(result.findMessages),
      findMs: median(result.findMs),
      linksOfNode: median(result.linksOfNode),
      recordsOfNode: median(result.recordsOfNode),
      missMessages: median(result.missMessages),
    });
    t.is(result.missed, 0, 'what a member who is there knows of is found');
    t.true(result.forgotten <= 3, `all who knew of ${String(result.forgotten)} files were away`);
    t.true(median(result.findMessages) <= 50);
    t.true(Math.max(...result.findMessages) <= 200);
    t.true(Math.max(...result.missMessages) <= 400);
    t.true(result.joinMs < 30_000);
    t.true(result.coldStartMs < 60_000);
    t.true(Math.max(...result.linksOfNode) <= 192);
  });
}
