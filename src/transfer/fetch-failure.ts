import { fileNotFound } from '../core/file-not-found.js';
import { KacheryError } from '../core/failure.js';
import { type MissingPeer } from '../network/peer.js';
import { firstFew, peerName } from './peer-name.js';
import { type Source } from './source.js';
import { type PeerAnswer } from './source-book.js';

/** Who was asked for a content, and what came of it. */
export interface FetchOutcome {
  /** How messages name the content. */
  readonly uri: string;
  readonly sources: readonly Source[];
  readonly answers: readonly PeerAnswer[];
  readonly missing: readonly MissingPeer[];
}

/** Why a content that no usable node has cannot be had. */
export function fetchFailure(outcome: FetchOutcome): KacheryError {
  const { uri, sources, answers, missing } = outcome;
  if (sources.length === 0 && answers.length === 0 && missing.length === 0) return fileNotFound(uri);
  if (sources.length > 0) return sourcesLost(outcome);
  const unreachable = unreachableOf(outcome);
  if (unreachable.length > 0) return nodeUnreachable(outcome, unreachable);
  if (answers.some(({ kind }) => kind === 'distrusted')) {
    const told = firstFew(answers.map(describe), '; ');
    return new KacheryError('sources-failed', `${uri} is not on this node and could not be fetched: ${told}. Try again later, or ask another node's owner.`, {
      uri,
    });
  }
  const asked = firstFew(answers.map(describe), '; ');
  return new KacheryError(
    'file-not-found',
    `${uri} is not on this node, and no other node has it: ${asked}. Check the URI, or store the file on one of them.`,
    {
      uri,
    },
  );
}

function nodeUnreachable({ uri, answers }: FetchOutcome, unreachable: readonly string[]): KacheryError {
  const asked = answers.filter(({ kind }) => kind === 'has-not');
  const others = asked.length === 0 ? '' : ` Asked in vain: ${firstFew(asked.map(describe), '; ')}.`;
  return new KacheryError(
    'node-unreachable',
    `${uri} is not on this node, and these nodes, which may have it, cannot be reached: ${firstFew(unreachable, '; ')}.${others} Try again when one of them is running.`,
    { uri },
  );
}

function sourcesLost({ uri, sources, missing }: FetchOutcome): KacheryError {
  const told = firstFew(
    sources.map((source) => `${nameOf(source)}: ${source.problem === '' ? claimOf(source) : source.problem}`),
    '; ',
  );
  if (sources.some(({ state }) => state === 'lost')) {
    return new KacheryError('node-unreachable', `The nodes that have ${uri} were lost: ${told}. What came is kept: try again when one of them is running.`, {
      uri,
    });
  }
  if (!sources.some(({ hasLied }) => hasLied) && sources.every(({ isGone }) => isGone)) {
    return new KacheryError('file-not-found', `${uri} is not on this node, and no other node has it any more: ${told}.`, { uri });
  }
  if (sources.every(({ isBarred }) => isBarred)) return sourcesBarred(uri, told);
  const rest = missing.length === 0 ? '' : ` These nodes were not reached: ${firstFew(missing.map(peerName), ', ')}.`;
  return new KacheryError('sources-failed', `${uri} could not be fetched from any node that claims to have it: ${told}.${rest} Tell their owners.`, { uri });
}

function sourcesBarred(uri: string, told: string): KacheryError {
  return new KacheryError(
    'not-authorized',
    `The nodes that have ${uri} do not serve this node any more, since no channel lists it and them now: ${told}. What came is kept: ask the owner of the channel to list this node, and try again.`,
    { uri },
  );
}

function unreachableOf({ answers, missing }: FetchOutcome): string[] {
  const silent = answers.filter(({ kind }) => kind === 'unreachable').map(describe);
  return [...silent, ...missing.map((peer) => `${peerName(peer)}: ${peer.problem === '' ? 'not connected' : peer.problem}`)];
}

function describe(answer: PeerAnswer): string {
  return `${peerName(answer)}: ${answer.said}`;
}

/** Nothing else was wrong with it: it cannot have the file that was asked for. */
function claimOf({ file }: Source): string {
  return `it claims that the file has ${String(file.sizeBytes)} bytes, unlike its manifest`;
}

function nameOf({ nodeId, peer }: Source): string {
  return peerName({ nodeId, label: peer.label });
}
