import test from 'ava';

import { InstalledPackage } from '../support/installed-package.js';

test('the package is installed into an empty project, typed, and works offline and with its own daemon', async (t) => {
  t.timeout(240_000);
  await (await InstalledPackage.create(t)).checkWith(process.execPath);
});
