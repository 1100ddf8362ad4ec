import test from 'ava';

import { connect } from '../../src/client/index.js';
import { startTestDaemon } from '../support/daemon.js';
import { clientContract } from './client-contract.js';

clientContract(test, async (t) => {
  const { environment, storageDir } = await startTestDaemon(t);
  return { client: await connect({ environment }), storageDir, isOwner: true };
});
