import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type FileInfo, type StoreFileHeader, type StoreFileRequest } from '../../gen/ts/kachery_p2p/v1/file_service.js';
