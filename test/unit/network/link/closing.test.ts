import { connect } from 'node:net';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';

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
  return { listening, hidden, join };
}

const openCallers = ({ callers }: LinkedNode): number => callers.filter(({ signal }) => !signal.aborted).length;

test('a node that greets while links close is not kept', async (t) => {
  const { listening, hidden, join } = await unconnectedPair(t);
  const compare = listening.membership.compare.bind(listening.membership);
  let state: ReturnType<typeof closing> | undefined;
  listening.membership.compare = (nodeId, tags) => {
    state ??= closing(listening);
    return compare(nodeId, tags);
  };
  join();
  await until('closing is over', () => state?.isOver);
  t.is(openCallers(listening), 0);
  t.deepEqual(listening.links.connected(), []);
  await until('the other one knows', () => hidden.links.connected().length === 0);
});

test('a node that was dialed while links close is not kept', async (t) => {
  const { listening, hidden, join } = await unconnectedPair(t);
  let state: ReturnType<typeof closing> | undefined;
  hidden.onCaller = () => {
    state ??= closing(hidden);
  };
  join();
  await until('closing is over', () => state?.isOver);
  t.deepEqual(hidden.links.connected(), []);
  t.is(openCallers(hidden), 0);
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
  t.is(openCallers(listening), 0);
});

test('links that close as they begin to listen do not listen then', async (t) => {
  const { id } = newIdentity();
  const node = await LinkedNode.start(t);
  node.membership.change([{ address, nodeIds: [id] }]);
  await node.links.close();
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(node.carrier.listeningAddresses(), []);
  node.membership.change([{ address, nodeIds: [id] }]);
  await node.carrier.listen(() => undefined);
  t.deepEqual(node.carrier.listeningAddresses(), []);
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
