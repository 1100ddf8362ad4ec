import { connect } from 'node:net';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';

import { type KacheryError } from '../../../../src/core/failure.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';

const address = 'https://example.org/lab.yaml';

/** Closes the node's links, and tells whether that is over. */
function closing({ links }: LinkedNode): { isOver: boolean } {
  const state = { isOver: false };
  void links.close().then(() => {
    state.isOver = true;
  });
  return state;
}

/** Two nodes that one channel lists, of which the second has not begun to dial the first one. */
async function unconnectedPair(t: ExecutionContext) {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const listening = await LinkedNode.start(t, { identity: one, channels });
  const hidden = await LinkedNode.start(t, { identity: two, isHidden: true, staticPeers: [listening.address] });
  const join = (): void => {
    hidden.membership.change(channels);
  };
  return { listening, hidden, channels, join };
}

const openCallers = ({ callers }: LinkedNode): number => callers.filter(({ signal }) => !signal.aborted).length;

/** Why each connection over which a node was called has ended: those that the links do not know of are torn off at last, and hear nothing of it. */
const endings = ({ callers }: LinkedNode): readonly unknown[] => callers.map(({ signal }) => (signal.reason as KacheryError | undefined)?.reason);

for (const isNew of [false, true]) {
  test(`a node that greets while links close is not kept, ${isNew ? 'one of which nothing was known' : 'a member'}`, async (t) => {
    const { listening, hidden, channels, join } = await unconnectedPair(t);
    const compare = listening.membership.compare.bind(listening.membership);
    let state: ReturnType<typeof closing> | undefined;
    if (isNew) listening.membership.change([{ address, nodeIds: [listening.id] }]);
    listening.membership.compare = (nodeId, tags) => {
      state ??= closing(listening);
      if (isNew) listening.membership.change(channels);
      return compare(nodeId, tags);
    };
    join();
    await until('closing is over', () => state?.isOver);
    t.deepEqual(endings(listening), ['daemon-stopping']);
    t.deepEqual(listening.links.connected(), []);
    await until('the other one knows', () => hidden.links.connected().length === 0);
  });
}

test('a node that was dialed while links close is not kept', async (t) => {
  const { listening, hidden, join } = await unconnectedPair(t);
  let state: ReturnType<typeof closing> | undefined;
  hidden.onCaller = () => {
    state ??= closing(hidden);
  };
  join();
  await until('closing is over', () => state?.isOver);
  t.deepEqual(hidden.links.connected(), []);
  t.deepEqual(endings(hidden), ['daemon-stopping']);
  await until('the other one knows', () => openCallers(listening) === 0 && listening.links.connected().length === 0);
});

test('a node that is accepted while links close is not kept', async (t) => {
  const { listening, join } = await unconnectedPair(t);
  let state: ReturnType<typeof closing> | undefined;
  listening.onCaller = () => {
    state ??= closing(listening);
  };
  join();
  await until('closing is over', () => state?.isOver);
  t.deepEqual(endings(listening), ['daemon-stopping']);
});

test('links that close as they begin to listen do not listen then', async (t) => {
  const { id } = newIdentity();
  const node = await LinkedNode.start(t);
  node.membership.change([{ address, nodeIds: [id] }]);
  await node.links.close();
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(node.carrier.listeningAddresses(), []);
});

test('links that were closed before they listened never do', async (t) => {
  const { carrier, links } = await LinkedNode.start(t);
  await links.close();
  await carrier.listen(() => undefined);
  t.deepEqual(carrier.listeningAddresses(), []);
});

test('a connection that nobody took over does not hold up the end', async (t) => {
  const node = await LinkedNode.start(t);
  const { carrier, links } = node;
  await carrier.listen(() => undefined);
  const [host, port] = node.address.split(':');
  const socket = connect(Number(port), host);
  const closed = once(
    socket.on('error', () => undefined),
    'close',
  );
  await once(socket, 'connect');
  const state = closing(node);
  await until('closing is over', () => state.isOver);
  await closed;
  await links.close();
  t.pass();
});
