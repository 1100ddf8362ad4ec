import { randomBytes } from 'node:crypto';

import test from 'ava';

import { fails } from '../contract/client-contract.js';
import { type Answer, ChannelServer } from '../support/channel-server.js';
import { channelText } from '../support/channel-text.js';
import { connected, startNode } from '../support/network.js';

/** A file without an end. */
const withoutEnd: Answer = (_request, response) => {
  const piece = Buffer.alloc(256 * 1024, '# nothing\n');
  const send = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', send);
  send();
};

const silence: Answer = () => undefined;

/** A character each second or so: none comes too late, but all of them. */
const aTrickle: Answer = (_request, response) => {
  const timer = setInterval(() => response.write('#'), 1_000);
  response.on('close', () => {
    clearInterval(timer);
  });
};

const hangsUp: Answer = (request) => request.socket.destroy();

test.serial('whatever comes from the address of a channel, the node says what is wrong and goes on with what it knew', async (t) => {
  const server = await ChannelServer.start(t);
  const [one, other] = [await startNode(t, 0), await startNode(t, 1)];
  const good = channelText(
    'the-lab',
    [one, other].map(({ daemon }) => ({ nodeId: daemon.nodeId })),
    [one.peerAddress],
  );
  server.put('/lab', good);
  for (const { client } of [one, other]) await client.channels.join(server.url('/lab'));
  await Promise.all([connected(one, 1), connected(other, 1)]);
  const uri = await one.client.storeText('still here');
  const troubles = {
    'a page of the web': { answer: '<!DOCTYPE html><title>Sign in</title>', reason: 'channel-invalid' },
    'another document': { answer: '- a\n- b\n', reason: 'channel-invalid' },
    'no text': { answer: ((_request, response) => response.end(randomBytes(10_000))) satisfies Answer, reason: 'channel-invalid' },
    'a file without an end': { answer: withoutEnd, reason: 'channel-invalid' },
    nothing: { answer: silence, reason: 'channel-unavailable' },
    'a trickle': { answer: aTrickle, reason: 'channel-unavailable' },
    'a broken connection': { answer: hangsUp, reason: 'channel-unavailable' },
  } as const;
  // Those that are slow are slow beside each other.
  await Promise.all(
    Object.values(troubles).map(async ({ answer, reason }, index) => {
      const path = `/${String(index)}`;
      server.put(path, answer);
      await fails(t, other.client.channels.join(server.url(path)), reason);
    }),
  );
  for (const [name, { answer }] of Object.entries(troubles).filter(([, { answer }]) => answer !== silence && answer !== aTrickle)) {
    server.put('/lab', answer);
    const { problem, ...channel } = await other.client.channels.join(server.url('/lab'));
    t.like(channel, { label: 'the-lab', isAuthorized: true, connectedNodes: 1 }, name);
    t.true(problem.length > 10, name);
  }
  t.is(await other.client.loadText(uri), 'still here');
});
