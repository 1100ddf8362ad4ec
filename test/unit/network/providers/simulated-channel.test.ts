import test from 'ava';

import { median } from '../../../../bench/measure.js';
import { simulateChannel } from '../../../../bench/simulation/simulate-channel.js';

// Time is simulated, and the same on every machine.
test('in a channel of 1,000 members of whom a fifth is away, finding a file costs few messages, and joining takes seconds', async (t) => {
  const result = await simulateChannel({ members: 1_000, filesOfNode: 8, finds: 150, awayShare: 0.2 });
  const wasFound = result.findMessages.length / (result.findMessages.length + result.missed);
  t.log({
    ...result,
    findMessages: median(result.findMessages),
    findMs: median(result.findMs),
    linksOfNode: median(result.linksOfNode),
    recordsOfNode: median(result.recordsOfNode),
    missMessages: median(result.missMessages),
  });
  t.true(wasFound > 0.98, `${String(result.missed)} files were not found`);
  t.true(median(result.findMessages) <= 50);
  t.true(Math.max(...result.findMessages) <= 200);
  t.true(Math.max(...result.missMessages) <= 400);
  t.true(result.joinMs < 30_000);
  t.true(result.coldStartMs < 60_000);
  t.true(Math.max(...result.linksOfNode) <= 192);
});
