import { type MirrorAmount } from './mirror-facts.js';

/** What is here of a mirror of which nothing is known. */
export const noAmount: MirrorAmount = { loadedBytes: 0, sizeBytes: 0, loadedFiles: 0, files: 0, loadedMessages: 0, messages: 0, subfeeds: 0 };
