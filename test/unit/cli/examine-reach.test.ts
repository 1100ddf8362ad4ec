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

for (const near of [
  '10.0.0.5:20422',
  '127.0.0.1:20422',
  '172.20.0.1:20422',
  '192.168.1.5:20422',
  '[fd00::5]:20422',
  '[fe80::1]:20422',
  '[::1]:20422',
  '[::ffff:10.0.0.5]:20422',
]) {
  test(`doctor does not take a neighbour that gets in at ${near} for everybody`, (t) => {
    for (const far of ['203.0.113.7:20423', '[2001:db8::5]:20423', 'rig.example.org:20423']) {
      const [finding] = examineReach([peer({ reachedAddresses: [near], unreachedAddresses: ['10.9.9.9:1'] }), peer({ unreachedAddresses: [far] })]);
      t.is(finding?.status, 'warn');
      t.true(finding?.message.includes(`at ${near}, but`) && finding.message.includes(`could not, at ${far}:`), finding?.message);
      t.regex(finding?.advice ?? '', /Open TCP port 20423 in the firewall/);
    }
    t.is(examineReach([peer({ reachedAddresses: [near], unreachedAddresses: ['10.9.9.9:1'] })])[0]?.status, 'ok');
  });
}
