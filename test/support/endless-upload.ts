import { credentials } from '@grpc/grpc-js';

import { FileServiceClient } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { bearer, dataRequest, headerRequest } from './rpc-clients.js';

/** Sends an upload that never ends, a MiB at a time, and prints a line when the first has been taken; for a process that is to be killed. */
export async function connectAndSendForEver(address: string, token: string): Promise<never> {
  const call = new FileServiceClient(address, credentials.createInsecure()).storeFile(bearer(token), () => undefined);
  call.write(headerRequest());
  for (let count = 1; ; count++) {
    await new Promise<void>((resolve) => {
      call.write(dataRequest(Buffer.alloc(1024 * 1024)), () => {
        resolve();
      });
    });
    if (count === 20) process.stdout.write('sending\n');
  }
}
