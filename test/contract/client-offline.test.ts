import test from 'ava';

import { connect } from '../../src/client/index.js';
import { temporaryFolder } from '../support/temporary-storage.js';
import { clientContract } from './client-contract.js';

clientContract(test, async (t) => {
  const storageDir = await temporaryFolder(t);
  return { client: await connect({ environment: { KACHERY_P2P_OFFLINE_STORAGE_DIR: storageDir } }), storageDir, isOwner: true };
});
