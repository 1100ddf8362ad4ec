import { createHash } from 'node:crypto';

import { throwIfCancelled } from '../core/cancellation.js';
import { type ContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type Peer, type Peers, type RemoteFile } from '../network/peer.js';
import { answerInTime } from './answer-in-time.js';
import { type DistrustedPeers } from './distrusted-peers.js';
import { fetchFailure } from './fetch-failure.js';
import { type FetchOptions } from './fetch-request.js';
import { type SmallFileIntake } from './small-file-intake.js';
import { type PeerAnswer } from './source-book.js';

/** What many small files are read with. */
export interface ManyFilesParts {
  readonly peers: Peers;
  readonly distrusted: DistrustedPeers;
  readonly smallFiles: SmallFileIntake;
  /** How long a node may be silent. */
  readonly silentMs: number;
  /** Brings one file by itself, from whoever has it; the slow way, with all that can be done. */
  readonly fetchOne: (id: ContentId) => Promise<Buffer>;
}

/** Bytes, and files, that are asked for together. The next ones are fetched while these are taken. */
const groupBytes = 8 * 1024 * 1024;
const groupFiles = 250;

interface Claim {
  readonly peer: Peer;
  readonly file: RemoteFile;
}

/** What the connected nodes said of some files. */
interface Lookup {
  readonly ids: readonly ContentId[];
  readonly claims: ReadonlyMap<ContentId, Claim>;
  readonly answers: readonly PeerAnswer[];
}

type Content = Buffer | KacheryError;

/** The contents of small files of other nodes, or why one cannot be had, in the order of `ids`; what comes is verified and stored. */
export async function* readManyFiles(ids: readonly ContentId[], options: FetchOptions, parts: ManyFilesParts): AsyncGenerator<Content, void, undefined> {
  let next: Promise<Content[]> | undefined;
  try {
    for await (const lookup of lookups(ids, options, parts)) {
      const fetched = next;
      next = fetchGroup(lookup, options, parts);
      // It is awaited when its turn comes.
      next.catch(() => undefined);
      if (fetched) yield* await fetched;
    }
    if (next) yield* await next;
  } finally {
    await next?.catch(() => undefined);
  }
}

/** Asks for many files at once, and cuts them into groups that are fetched together. */
async function* lookups(ids: readonly ContentId[], options: FetchOptions, parts: ManyFilesParts): AsyncGenerator<Lookup, void, undefined> {
  const { peers } = parts;
  const { sources = {}, signal } = options;
  for (let from = 0; from < ids.length; from += limits.maxPeerBatchFiles) {
    throwIfCancelled(signal);
    if (from === 0 && peers.missing(sources).length > 0) await peers.connectMissing(sources, { signal });
    const batch = ids.slice(from, from + limits.maxPeerBatchFiles);
    const { claims, answers } = await askAll(batch, options, parts);
    let group: ContentId[] = [];
    let sizeBytes = 0;
    for (const id of batch) {
      const nextBytes = Math.min(claims.get(id)?.file.sizeBytes ?? 0, limits.maxSmallFileBytes);
      if (group.length >= groupFiles || sizeBytes + nextBytes > groupBytes) {
        yield { ids: group, claims, answers };
        [group, sizeBytes] = [[], 0];
      }
      group.push(id);
      sizeBytes += nextBytes;
    }
    yield { ids: group, claims, answers };
  }
}

/** Of several nodes that have a file, the one that the fewest others are to come from. */
async function askAll(ids: readonly ContentId[], { sources = {}, signal }: FetchOptions, { peers, distrusted, silentMs }: ManyFilesParts) {
  const claims = new Map<ContentId, Claim>();
  const load = new Map<Peer, number>();
  const answers: PeerAnswer[] = [];
  const ask = async (peer: Peer): Promise<void> => {
    const { nodeId, label } = peer;
    const distrust = distrusted.problemOf(nodeId);
    if (distrust !== undefined) return void answers.push({ nodeId, label, kind: 'distrusted', said: distrust });
    try {
      const found = await answerInTime((asking) => peer.findFiles(ids, { signal: asking }), { timeoutMs: silentMs, signal });
      answers.push({ nodeId, label, kind: 'has-not', said: 'it does not have it' });
      for (const file of found) {
        const other = claims.get(file.id)?.peer;
        if (other && (load.get(other) ?? 0) <= (load.get(peer) ?? 0)) continue;
        claims.set(file.id, { peer, file });
        load.set(peer, (load.get(peer) ?? 0) + 1);
        if (other) load.set(other, (load.get(other) ?? 1) - 1);
      }
    } catch (error) {
      throwIfCancelled(signal);
      answers.push({ nodeId, label, kind: 'unreachable', said: error instanceof Error ? error.message : String(error) });
    }
  };
  await Promise.all(peers.connected(sources).map(ask));
  return { claims, answers };
}

async function fetchGroup({ ids, claims, answers }: Lookup, options: FetchOptions, parts: ManyFilesParts): Promise<Content[]> {
  const wanted = new Map<Peer, RemoteFile[]>();
  for (const id of new Set(ids)) {
    const claim = claims.get(id);
    if (!claim || claim.file.sizeBytes > limits.maxSmallFileBytes) continue;
    wanted.set(claim.peer, [...(wanted.get(claim.peer) ?? []), claim.file]);
  }
  const contents = new Map<ContentId, Buffer>();
  await Promise.all([...wanted].map(([peer, files]) => readFrom(peer, files, { contents, options, parts })));
  const missing = parts.peers.missing(options.sources ?? {});
  return Promise.all(
    ids.map(async (id): Promise<Content> => {
      const claim = claims.get(id);
      if (!claim) return fetchFailure({ uri: `sha1://${id}`, sources: [], answers, missing });
      if (claim.file.sizeBytes > limits.maxSmallFileBytes) return tooLarge(claim.file);
      return contents.get(id) ?? (await parts.fetchOne(id).catch(asFailure));
    }),
  );
}

interface Reading {
  readonly contents: Map<ContentId, Buffer>;
  readonly options: FetchOptions;
  readonly parts: ManyFilesParts;
}

/** Reads files of one node as far as it gives them; what is something else than it should be is not taken. */
async function readFrom(peer: Peer, files: readonly RemoteFile[], { contents, options: { signal }, parts }: Reading): Promise<void> {
  const stored: Promise<unknown>[] = [];
  try {
    let index = 0;
    const ids = files.map(({ id }) => id);
    for await (const content of peer.readFiles(ids, { signal })) {
      const id = ids[index++];
      if (content === undefined || id === undefined) continue;
      if (createHash('sha1').update(content).digest('hex') !== id) {
        parts.distrusted.noteLie(peer.nodeId);
        continue;
      }
      stored.push(parts.smallFiles.store(content).then(() => contents.set(id, content)));
    }
  } catch {
    throwIfCancelled(signal);
    // What did not come is fetched one by one, where the failure is told if it stays.
  } finally {
    await Promise.allSettled(stored);
  }
}

function tooLarge({ id, sizeBytes }: RemoteFile): KacheryError {
  const [limit, actual] = [String(limits.maxSmallFileBytes), String(sizeBytes)];
  return new KacheryError('too-large', `sha1://${id} has ${actual} bytes; at most ${limit} of a file are read in a batch. Read it as a stream.`, {
    limit,
    actual,
  });
}

function asFailure(error: unknown): KacheryError {
  if (error instanceof KacheryError) return error;
  throw error;
}
