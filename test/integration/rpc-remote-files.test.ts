import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Metadata, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { type FileServiceClient, type LoadProgress, LoadState, type SourceSelection } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { TransferKind, TransferState } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { systemClock } from '../../src/core/clock.js';
import { LocalMutables } from '../../src/mutables/local-mutables.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { RpcServer } from '../../src/rpc/rpc-server.js';
import { TransferRegistry } from '../../src/rpc/transfer-registry.js';
import { FileFetcher } from '../../src/transfer/file-fetcher.js';
import { until } from '../fault/until.js';
import { idOf, manifestBytes, manifestOf } from '../support/content-of.js';
import { quick } from '../support/fetching.js';
import { MemoryNetwork, MemoryPeer } from '../support/memory-network.js';
import { allOf, bearer, callOnce, connectRpc, errorOf, type RpcClients } from '../support/rpc-clients.js';
import { openFeeds } from '../support/temporary-feeds.js';
import { generatedBytes, openStorage, temporaryFolder } from '../support/temporary-storage.js';

const content = generatedBytes(3_000_000);
const id = idOf(content);
const uri = `sha1://${id}/remote.dat`;
const small = Buffer.from('a small file');
const listing = Buffer.from(JSON.stringify({ files: { 'large.dat': { size: content.byteLength, sha1: id } }, dirs: {} }));
const nothing = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Nobody asks for channels here. */
const channels = {
  join: () => Promise.reject(new Error('a channel was joined')),
  leave: () => Promise.reject(new Error('a channel was left')),
  list: () => [],
  members: () => new Map(),
};

interface World {
  readonly clients: RpcClients;
  readonly files: FileServiceClient;
  readonly token: Metadata;
  readonly network: MemoryNetwork;
  readonly peer: MemoryPeer;
}

/** The services over a store of their own and a network of one node. */
async function serve(t: ExecutionContext): Promise<World> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'storage'));
  const store = await openStorage(t, join(folder, 'storage'));
  const mutables = await LocalMutables.open(join(folder, 'mutables'), systemClock, () => Promise.resolve(undefined));
  t.teardown(() => mutables.close());
  const transfers = new TransferRegistry(systemClock);
  const peer = new MemoryPeer('lab').has(content, { chunkBytes: 500_000 }).has(small).has(listing);
  const network = new MemoryNetwork(peer);
  const log = { begin: (of: string, sizeBytes: number) => transfers.begin('fetch', of, sizeBytes) };
  const fetcher = new FileFetcher({ store, peers: network, clock: systemClock, log }, quick);
  t.teardown(() => fetcher.close());
  const node = { nodeId: '0'.repeat(64), label: 'here', version: '0', startedAtMs: 0 };
  const tokens = { clientToken: 'client', ownerToken: 'owner', clientTokenPath: '' };
  const feeds = await openFeeds(t, folder);
  const server = new RpcServer(
    {
      ...{ store, remote: fetcher, feeds, mutables, transfers, node, tokens, channels, prove: () => Buffer.alloc(0), log: nothing },
      links: { facts: () => [] },
      mirrors: { add: () => Promise.reject(new Error('not asked')), remove: () => Promise.resolve(), list: () => [] },
      requestStop: () => undefined,
    },
    { streamIdleMs: 60_000, shutdownGraceMs: 100 },
  );
  const port = await server.listen('127.0.0.1:0');
  t.teardown(() => server.stop());
  const clients = connectRpc(t, `127.0.0.1:${String(port)}`);
  return { clients, files: clients.files, token: bearer('client'), network, peer };
}

async function load({ files, token }: World, of: string, sources?: Partial<SourceSelection>) {
  const selection = sources && { nodeId: '', channel: '', localOnly: false, ...sources };
  const messages = await allOf(files.loadFile({ uri: of, sources: selection }, token));
  const progress: LoadProgress[] = messages.flatMap(({ event }) => (event?.$case === 'progress' ? [event.value] : []));
  const last = messages.at(-1)?.event;
  if (last?.$case !== 'file') throw new Error('The load ended without a file.');
  return { file: last.value, progress };
}

async function read({ files, token }: World, of: string, offset = 0n, length = 0n): Promise<Buffer> {
  return Buffer.concat((await allOf(files.readFile({ uri: of, offset, length, sources: undefined }, token))).map(({ data }) => Buffer.from(data)));
}

async function reasonOf(call: Promise<unknown>) {
  const error = await errorOf(call);
  return { reason: failureFromServiceError(error).reason, code: error.code, message: error.details };
}

test('a file of another node is loaded, with progress that names it', async (t) => {
  const world = await serve(t);
  const { file, progress } = await load(world, uri);
  t.like(file, { uri, sizeBytes: 3_000_000n });
  t.true(content.equals(await readFile(file.localPath)));
  const last = progress.at(-1)!;
  t.is(last.state, LoadState.LOAD_STATE_VERIFYING);
  t.like(last.sources[0], { nodeId: world.peer.nodeId, label: 'lab', loadedBytes: 3_000_000n, problem: '' });
  t.is((await load(world, uri, { localOnly: true })).progress.length, 0);
});

test('ranges come without the rest, and the part of a file that is elsewhere as well', async (t) => {
  const world = await serve(t);
  const manifestId = idOf(manifestBytes(manifestOf(content, 500_000)));
  const named = `${uri}?manifest=${manifestId}`;
  t.true(content.subarray(700_000, 800_000).equals(await read(world, named, 700_000n, 100_000n)));
  t.is(world.peer.askedBytesOf(id), 500_000);
  const part = content.subarray(1_100_000, 1_200_000);
  const partUri = `sha1://${idOf(part)}?chunkOf=${id}~1100000~1200000`;
  t.true(part.equals(await read(world, partUri)));
  t.true(part.subarray(5, 15).equals(await read(world, partUri, 5n, 10n)));
  t.is(world.peer.askedBytesOf(id), 1_000_000);
  const { file } = await load(world, partUri);
  t.true(part.equals(await readFile(file.localPath)));
  const wrong = `sha1://${idOf(small)}?chunkOf=${id}~1100000~1200000`;
  t.is((await reasonOf(read(world, wrong))).reason, 'content-corrupt');
  t.is((await reasonOf(read(world, named, 3_000_001n))).reason, 'range-beyond-end');
});

test('a file in a directory whose listing is elsewhere', async (t) => {
  const world = await serve(t);
  const { file } = await load(world, `sha1dir://${idOf(listing)}/large.dat`);
  t.is(file.sha1, id);
  t.is((await reasonOf(load(world, `sha1dir://${idOf(listing)}/other.dat`))).reason, 'file-not-found');
});

test('many files, those that are here and those that are not, in their order', async (t) => {
  const world = await serve(t);
  const more = Array.from({ length: 1_500 }, (_, index) => Buffer.from(`file ${String(index)}`));
  for (const file of more) world.peer.has(file);
  await load(world, `sha1://${idOf(more[700]!)}`);
  const part = `sha1://${idOf(content.subarray(10, 20))}?chunkOf=${id}~10~20`;
  const uris = [...more.map((file) => `sha1://${idOf(file)}`), `sha1://${idOf(Buffer.from('nobody'))}`, uri, part, 'no uri', `sha1://${idOf(small)}`];
  const results = (await allOf(world.files.readFiles({ uris }, world.token))).flatMap((message) => message.results);
  const told = results.map(({ outcome }) => (outcome?.$case === 'content' ? outcome.value.toString('latin1') : (outcome?.value.reason ?? '')));
  const ends = ['FILE_NOT_FOUND', 'TOO_LARGE', content.subarray(10, 20).toString('latin1'), 'INVALID_URI', small.toString('latin1')];
  t.deepEqual(told, [...more.map((file) => file.toString('latin1')), ...ends]);
  t.true(world.peer.lookups.length < 12);
});

test('who has a file is told, this node first', async (t) => {
  const world = await serve(t);
  const find = async (sources?: Partial<SourceSelection>) => {
    const selection = sources && { nodeId: '', channel: '', localOnly: false, ...sources };
    return (await allOf(world.files.findFile({ uri, sources: selection }, world.token))).map(({ nodeId, isLocal }) => [nodeId, isLocal]);
  };
  t.deepEqual(await find(), [[world.peer.nodeId, false]]);
  t.deepEqual(await find({ localOnly: true }), []);
  await load(world, uri);
  t.deepEqual(await find(), [
    ['0'.repeat(64), true],
    [world.peer.nodeId, false],
  ]);
  world.network.disconnect(world.peer);
  t.deepEqual(await find(), [['0'.repeat(64), true]], 'what is here is here');
});

test('which nodes are asked is the request’s to say, and what only asks about here asks nobody', async (t) => {
  const world = await serve(t);
  t.like(await reasonOf(load(world, uri, { localOnly: true })), { reason: 'file-not-found', code: status.NOT_FOUND });
  t.like(await reasonOf(load(world, uri, { nodeId: 'xyz' })), { reason: 'invalid-argument', code: status.INVALID_ARGUMENT });
  t.like(await reasonOf(load(world, uri, { channel: 'x'.repeat(5_000) })), { reason: 'invalid-argument' });
  t.like(await reasonOf(load(world, uri, { channel: 'other' })), { reason: 'channel-not-joined' });
  t.like(await reasonOf(load(world, uri, { nodeId: 'f'.repeat(64) })), { reason: 'not-authorized' });
  t.is((await reasonOf(callOnce(world.files, 'statFile', { uri }, world.token))).reason, 'file-not-found');
  t.deepEqual(world.peer.lookups, []);
  await load(world, uri, { nodeId: world.peer.nodeId });
  world.network.disconnect(world.peer, 'connection refused');
  const lost = await reasonOf(load(world, `sha1://${idOf(small)}`));
  t.like(lost, { reason: 'node-unreachable', code: status.UNAVAILABLE });
  t.regex(lost.message, /lab .*connection refused/);
});

test('a client that cancels ends the download; transfers tell of it', async (t) => {
  const world = await serve(t);
  const watching = world.clients.node.watchTransfers({}, bearer('owner'));
  const seen: string[] = [];
  watching.on('data', ({ transfer }: { transfer?: { kind: TransferKind; state: TransferState; uri: string; sizeBytes: bigint } }) => {
    if (transfer?.kind === TransferKind.TRANSFER_KIND_FETCH) seen.push(`${transfer.uri} ${String(transfer.sizeBytes)} ${TransferState[transfer.state]}`);
  });
  watching.on('error', () => undefined);
  await new Promise((resolve) => watching.once('metadata', resolve));
  world.peer.script = ({ id: of, bytes, position, signal }) =>
    of === id && position >= 1_000_000
      ? new Promise((resolve) => {
          const end = (): void => {
            resolve(bytes);
          };
          signal.addEventListener('abort', end);
          if (signal.aborted) end();
        })
      : bytes;
  const call = world.files.loadFile({ uri, sources: undefined }, world.token);
  call.on('error', () => undefined);
  call.resume();
  await until('a part has come', () => world.peer.sentBytes > 1_000_000);
  call.cancel();
  await until('nothing is asked any more', () => world.peer.openRequests === 0);
  world.peer.script = ({ bytes }) => bytes;
  await load(world, uri);
  await until('the end was told', () => seen.some((line) => line.endsWith('DONE')));
  watching.cancel();
  t.true(seen[0]?.startsWith(`${uri} 3000000 `));
});
