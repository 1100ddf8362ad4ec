import { type ResponsePacket } from 'multicast-dns';

import { type LanAnnouncement } from './lan-announcement.js';
import { lanService } from './lan-service.js';

const suffix = `.${lanService}`;
const maxInstanceCharacters = 63;

/** What a packet announces: at most `max` daemons; what is malformed in it, and what concerns other services, is left out. */
export function readAnnouncements(
  { answers = [], additionals = [] }: Pick<ResponsePacket, 'answers' | 'additionals'>,
  max: number,
): readonly LanAnnouncement[] {
  const read: LanAnnouncement[] = [];
  for (const record of [...answers, ...additionals]) {
    if (read.length >= max) break;
    if (record.type !== 'SRV' || !record.name.toLowerCase().endsWith(suffix)) continue;
    const instance = record.name.slice(0, -suffix.length);
    const { port } = record.data;
    if (port < 1 || instance === '' || instance.length > maxInstanceCharacters) continue;
    read.push({ instance, port, ttlSeconds: record.ttl ?? 0 });
  }
  return read;
}
