import { type Head, type SubfeedHead as SubfeedHeadMessage } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type SignedHead } from '../../core/feed-head.js';
import { type SubfeedAddress, subfeedOfNameJson } from '../../core/subfeed.js';
import { type SubfeedHead } from '../../feeds/subfeed-head.js';
import { MalformedAnswer } from './malformed-answer.js';

const hashBytes = 32;
const signatureBytes = 64;
const maxForkHeads = 2;

/** What another node says of the end of a subfeed: well-formed, the name being the subfeed's; heads are not proven. Fails with MalformedAnswer. */
export function parseSubfeedHead(subfeed: SubfeedAddress, { subfeedHash, nameJson, head, fork }: SubfeedHeadMessage): SubfeedHead {
  if (subfeedHash !== subfeed.subfeedHash) throw new MalformedAnswer('it tells of another subfeed than it was asked for');
  if (fork.length > maxForkHeads) throw new MalformedAnswer(`it proves a fork with ${String(fork.length)} heads`);
  return {
    subfeed,
    nameJson: nameJson === undefined ? undefined : checkName(subfeed, nameJson),
    head: head && parseHead(subfeed, head),
    fork: fork.map((each) => parseHead(subfeed, each)),
  };
}

function parseHead(subfeed: SubfeedAddress, { length, lastHash, signature }: Head): SignedHead {
  const isLength = length > 0n && length <= BigInt(Number.MAX_SAFE_INTEGER);
  if (!isLength || lastHash.byteLength !== hashBytes || signature.byteLength !== signatureBytes) throw new MalformedAnswer('a head is none');
  return { subfeed, length: Number(length), lastHash, signature };
}

function checkName(subfeed: SubfeedAddress, text: string): string {
  const { hash, nameJson } = parseName(text);
  if (hash === subfeed.subfeedHash && nameJson === text) return text;
  throw new MalformedAnswer('the name of a subfeed is that of another');
}

function parseName(text: string): ReturnType<typeof subfeedOfNameJson> {
  try {
    return subfeedOfNameJson(text);
  } catch (error) {
    throw new MalformedAnswer('the name of a subfeed is none', { cause: error });
  }
}
