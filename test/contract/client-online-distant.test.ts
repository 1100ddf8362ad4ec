import { join } from 'node:path';

import test from 'ava';

import { connect } from '../../src/client/index.js';
import { startDistantDaemon } from '../support/distant-daemon.js';
import { clientContract } from './client-contract.js';

// A user who does not see the storage directory, as from another machine.
clientContract(test, async (t) => {
  const { environment, storageDir, configDir, clientToken: token } = await startDistantDaemon(t);
  const client = await connect({ environment, token, configDir: join(configDir, 'of-somebody-else'), cacheDir: join(configDir, '..', 'cache') });
  return { client, storageDir, isOwner: false };
});
