import { type ResponseOutgoingPacket } from 'multicast-dns';

import { type LanAnnouncement } from './lan-announcement.js';
import { lanService } from './lan-service.js';

/**
 * An announcement as the records of DNS-based service discovery, so that other programs can list daemons, too. `address` is the IPv4 address that they are sent
 * from.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6763
 */
export function announcementRecords({ instance, port, ttlSeconds: ttl }: LanAnnouncement, address: string): ResponseOutgoingPacket['answers'] {
  const [name, target] = [`${instance}.${lanService}`, `${instance}.local`];
  return [
    { type: 'PTR', name: lanService, ttl, data: name },
    { type: 'SRV', name, ttl, data: { priority: 0, weight: 0, port, target } },
    { type: 'TXT', name, ttl, data: [''] },
    { type: 'A', name: target, ttl, data: address },
  ];
}
