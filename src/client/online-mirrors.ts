import { type Mirror as MirrorMessage, MirrorServiceService as service, MirrorState as StateMessage } from '../../gen/ts/kachery_p2p/v1/mirror_service.js';
import { allPages } from './all-pages.js';
import { type CallOptions } from './call-options.js';
import { type Daemon } from './daemon.js';
import { dateOf } from './date-of.js';
import { type Mirror, type Mirrors, type MirrorState } from './mirrors.js';
import { required } from './required.js';

const states: Readonly<Partial<Record<StateMessage, MirrorState>>> = {
  [StateMessage.MIRROR_STATE_FETCHING]: 'fetching',
  [StateMessage.MIRROR_STATE_WAITING]: 'waiting',
  [StateMessage.MIRROR_STATE_COMPLETE]: 'complete',
};

/** What the daemon's node keeps of other nodes. */
export class OnlineMirrors implements Mirrors {
  constructor(private readonly daemon: Daemon) {}

  async add(uri: string, { signal }: CallOptions = {}): Promise<Mirror> {
    return mirrorOf((await this.daemon.unary(service.addMirror, { uri }, { signal })).mirror);
  }

  async remove(uri: string, { signal }: CallOptions = {}): Promise<void> {
    await this.daemon.unary(service.removeMirror, { uri }, { signal });
  }

  async list({ signal }: CallOptions = {}): Promise<Mirror[]> {
    return allPages(async (pageToken) => {
      const { mirrors, nextPageToken } = await this.daemon.unary(service.listMirrors, { pageSize: 0, pageToken }, { signal });
      return { items: mirrors.map(mirrorOf), nextPageToken };
    });
  }
}

function mirrorOf(message: MirrorMessage | undefined): Mirror {
  const mirror = required(message, 'mirror');
  const { uri, state, subfeeds, problem, retryAt, completedAt, addedAt } = mirror;
  return {
    ...{ uri, subfeeds, problem },
    state: states[state] ?? 'queued',
    loadedBytes: Number(mirror.loadedBytes),
    sizeBytes: Number(mirror.sizeBytes),
    loadedFiles: Number(mirror.loadedFiles),
    files: Number(mirror.files),
    loadedMessages: Number(mirror.loadedMessages),
    messages: Number(mirror.messages),
    retryAt: retryAt && dateOf(retryAt),
    completedAt: completedAt && dateOf(completedAt),
    addedAt: dateOf(addedAt),
  };
}
