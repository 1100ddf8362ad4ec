import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { connect } from 'node:tls';

import { pieceBytes } from '../limits/stream-shape.js';
import { secondsOf } from '../measure.js';
import { serveOperations } from '../processes/serve-operations.js';

/** Takes bytes over bare TLS and writes them to a file, with nothing checked or counted. */
await serveOperations({
  download: async ({ port, sizeBytes, path }) => {
    const seconds = await secondsOf(async () => {
      // Whose key it is does not matter here; the daemon compares it, which costs nothing a byte.
      const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false, minVersion: 'TLSv1.3' });
      await once(socket, 'secureConnect');
      socket.write(String(sizeBytes));
      const file = createWriteStream(String(path), { highWaterMark: pieceBytes });
      await pipeline(socket, file);
      if (file.bytesWritten !== Number(sizeBytes)) throw new Error(`took ${String(file.bytesWritten)} of ${String(sizeBytes)} bytes`);
    });
    await unlink(String(path));
    return seconds;
  },
});
