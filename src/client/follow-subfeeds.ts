import { FeedServiceService as service } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { KacheryError } from '../core/failure.js';
import { type Daemon } from './daemon.js';
import { feedMessages } from './feed-messages.js';
import { type FeedMessage, type FollowOptions } from './feeds.js';
import { reconnecting } from './reconnecting.js';
import { type NamedSubfeed, SubfeedCursor } from './subfeed-cursor.js';

/** A subfeed to follow from a position on. */
export interface FollowedSubfeed extends NamedSubfeed {
  readonly position: number;
}

/** The messages of subfeeds from the positions on, and each new one with what was given for its subfeed, until aborted; goes on when the daemon is back. */
export async function* followSubfeeds<Followed extends FollowedSubfeed>(
  daemon: Daemon,
  subfeeds: readonly Followed[],
  { encoding, verified = false, signal }: FollowOptions,
): AsyncGenerator<{ readonly followed: Followed; readonly message: FeedMessage }, void, undefined> {
  const all = subfeeds.map((followed) => ({ followed, cursor: new SubfeedCursor(followed, followed.position, verified) }));
  const subscribe = () => {
    const request = { subfeeds: all.map(({ cursor }) => cursor.request()), withProofs: verified };
    return daemon.receive(service.watchMessages, request, { signal, timeoutMs: Infinity });
  };
  for await (const { subfeedIndex, batches } of reconnecting(subscribe, signal)) {
    const found = all[subfeedIndex];
    if (!found) throw new KacheryError('internal', `The daemon tells of subfeed ${String(subfeedIndex)}, which was not asked for. Please report it.`);
    for (const message of feedMessages(found.cursor.take(batches), { encoding, signal })) yield { followed: found.followed, message };
  }
}
