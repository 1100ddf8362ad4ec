import { chunkSizeBytes } from '../../src/core/manifest.js';
import { MemoryPeer } from './memory-network.js';
import { generatedBytes } from './temporary-storage.js';

/** A content of six chunks of the standard manifest. */
export const largeContent = generatedBytes(110_000_000);

/** Two nodes that have it. */
export function nodesWithLargeContent(): [MemoryPeer, MemoryPeer] {
  const node = (label: string): MemoryPeer => new MemoryPeer(label).has(largeContent, { chunkBytes: chunkSizeBytes });
  return [node('one'), node('other')];
}
