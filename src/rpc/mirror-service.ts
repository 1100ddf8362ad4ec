import { Mirror, type MirrorServiceServer, MirrorState as StateMessage } from '../../gen/ts/kachery_p2p/v1/mirror_service.js';
import { type MirrorFacts, type MirrorState } from '../transfer/mirrors/mirror-facts.js';
import { type Mirrors } from '../transfer/mirrors/mirrors.js';
import { pageBehind } from './page-behind.js';
import { nextPageToken, parsePageSize, parsePageToken } from './paging.js';
import { unaryHandler } from './streams/unary-handler.js';
import { timestamp } from './timestamp.js';

const states: Readonly<Record<MirrorState, StateMessage>> = {
  queued: StateMessage.MIRROR_STATE_QUEUED,
  fetching: StateMessage.MIRROR_STATE_FETCHING,
  waiting: StateMessage.MIRROR_STATE_WAITING,
  complete: StateMessage.MIRROR_STATE_COMPLETE,
};

/** MirrorService over the mirrors of a node. */
export function mirrorService(mirrors: Pick<Mirrors, 'add' | 'remove' | 'list'>): MirrorServiceServer {
  return {
    addMirror: unaryHandler(async ({ uri }) => ({ mirror: mirrorMessage(await mirrors.add(uri)) })),
    removeMirror: unaryHandler(async ({ uri }) => {
      await mirrors.remove(uri);
      return {};
    }),
    listMirrors: unaryHandler(async ({ pageSize, pageToken }) => {
      const page = pageBehind(mirrors.list().map(mirrorMessage), {
        after: parsePageToken(pageToken, isUri),
        count: parsePageSize(pageSize),
        nameOf: ({ uri }) => uri,
        sizeOf: (mirror) => Mirror.encode(mirror).finish().byteLength,
      });
      return { mirrors: [...page.items], nextPageToken: nextPageToken(page, ({ uri }) => uri) };
    }),
  };
}

function isUri(text: string): text is string {
  return text.includes('://');
}

function mirrorMessage(facts: MirrorFacts): Mirror {
  const { uri, state, subfeeds, problem, retryAtMs, completedAtMs, addedAtMs } = facts;
  return {
    ...{ uri, subfeeds, problem },
    state: states[state],
    loadedBytes: BigInt(facts.loadedBytes),
    sizeBytes: BigInt(facts.sizeBytes),
    loadedFiles: BigInt(facts.loadedFiles),
    files: BigInt(facts.files),
    loadedMessages: BigInt(facts.loadedMessages),
    messages: BigInt(facts.messages),
    retryAt: retryAtMs === undefined ? undefined : timestamp(retryAtMs),
    completedAt: completedAtMs === undefined ? undefined : timestamp(completedAtMs),
    addedAt: timestamp(addedAtMs),
  };
}
