import { join } from 'node:path';

import test from 'ava';

import { connect } from '../../src/client/index.js';
import { startTestDaemon } from '../support/daemon.js';
import { clientContract } from './client-contract.js';

// A user who sees the storage directory and is not the owner of the daemon.
clientContract(test, async (t) => {
  const { environment, storageDir, configDir } = await startTestDaemon(t);
  return { client: await connect({ environment, configDir: join(configDir, 'of-somebody-else') }), storageDir, isOwner: false };
});
