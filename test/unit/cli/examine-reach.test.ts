import test from 'ava';

import { examineReach } from '../../../src/cli/doctor/examine-reach.js';
import { type Peer } from '../../../src/client/channels.js';

function peer(facts: Partial<Peer>): Peer {
  return { isConnected: true, reachedAddresses: [], unreachedAddresses: [], ...facts } as Peer;
}

test('doctor says where other nodes can connect to this one', (t) => {
  const [finding] = examineReach([
    peer({ reachedAddresses: ['203.0.113.7:20422'], unreachedAddresses: ['10.0.0.5:20422'] }),
    peer({ unreachedAddresses: ['203.0.113.7:20422'] }),
  ]);
  t.like(finding, { message: 'Other nodes can connect to this one at 203.0.113.7:20422.' });
  t.is(finding?.status, 'ok');
});

test('doctor names the port that is blocked, and what else helps', (t) => {
  const [finding] = examineReach([
    peer({ unreachedAddresses: ['10.0.0.5:20422', '[2001:db8::5]:20422'] }),
    peer({ unreachedAddresses: ['10.0.0.5:20422'] }),
    peer({}),
  ]);
  t.regex(finding!.message, /^None of 2 connected nodes that tried could connect to this one, at 10\.0\.0\.5:20422, \[2001:db8::5\]:20422:/);
  t.regex(finding!.advice!, /Open TCP port 20422 in the firewall.*--peer-address.*relay.*--dht-bootstrap/);
});

test('doctor does not guess where nobody tried, and is silent where nobody is connected', (t) => {
  t.regex(examineReach([peer({})])[0]!.message, /No connected node has tried yet/);
  t.deepEqual(examineReach([peer({ isConnected: false, unreachedAddresses: ['10.0.0.5:1'] })]), []);
});
