import test from 'ava';

import { limits } from '../../../../src/core/limits.js';
import { HeardNodes } from '../../../../src/network/lan/heard-nodes.js';
import { lanInterfaces } from '../../../../src/network/lan/lan-interfaces.js';

function heardNodes() {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  return { clock, heard: new HeardNodes(clock) };
}

test('inventing daemons at many addresses fills no memory, and those that are known stay', (t) => {
  const { clock, heard } = heardNodes();
  const known = { instance: 'known', port: 20422, ttlSeconds: 1_000_000 };
  t.true(heard.hear(known, '192.168.1.2'));
  let invented = 0;
  const flood = () => {
    for (let count = 0; count < 10_000; count++) {
      const number = invented++;
      heard.hear(
        { instance: `i${String(number)}`, port: 1 + (number % 60_000), ttlSeconds: 1_000_000 },
        `10.${String(number >> 16)}.${String((number >> 8) & 255)}.1`,
      );
    }
  };
  flood();
  t.is(heard.addresses().length, limits.maxNewLanNodes);
  for (let minute = 1; minute < 10; minute++) {
    clock.nowMs = minute * 60_000;
    flood();
  }
  t.is(heard.addresses().length, limits.maxLanNodes);
  t.true(heard.addresses().includes('192.168.1.2:20422'));
  t.false(heard.hear(known, '192.168.1.2'));
  // Nobody is believed for longer than a while, whatever he says.
  clock.nowMs += limits.lanForgetMs;
  t.deepEqual(heard.addresses(), []);
  t.true(heard.hear(known, '192.168.1.2'));
});

test('a node that listens on loopback only is on no local network; one that does not listen announces no port', (t) => {
  t.deepEqual(lanInterfaces(['127.0.0.1:20422', '[::1]:20422']), []);
  t.deepEqual(lanInterfaces([]), []);
  for (const { port, address, network } of lanInterfaces(undefined)) {
    t.is(port, undefined);
    t.false(address.startsWith('127.'));
    t.deepEqual(lanInterfaces([`${address}:20422`, '203.0.113.99:1']), [{ address, network, port: 20422 }]);
  }
});
