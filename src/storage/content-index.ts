import { type ContentId } from '../core/content-id.js';

/** What identifies the present state of a file of this machine: equal keys mean unchanged bytes. Made by file-identity.ts. */
export type FileIdentity = string & { readonly __brand: 'FileIdentity' };

/** The content of a file, and of its manifest if it has one. */
export interface KnownContent {
  readonly id: ContentId;
  readonly manifestId?: ContentId;
}

/** What the store remembers so that it need not hash again. Nothing in it is needed: it may be lost at any time. */
export interface ContentIndex {
  /** The content of the file of this identity, if it was hashed before. */
  contentOf(identity: FileIdentity): Promise<KnownContent | undefined>;
  rememberContent(identity: FileIdentity, content: KnownContent): Promise<void>;
  /** The manifest of this content, if it is known. */
  manifestOf(id: ContentId): Promise<ContentId | undefined>;
  rememberManifest(id: ContentId, manifestId: ContentId): Promise<void>;
  /** The identity that the store's own copy of this content had when it was last known to be good. */
  storedIdentityOf(id: ContentId): Promise<FileIdentity | undefined>;
  rememberStoredIdentity(id: ContentId, identity: FileIdentity): Promise<void>;
}

/** Remembers nothing. */
export const emptyContentIndex: ContentIndex = {
  contentOf: () => Promise.resolve(undefined),
  rememberContent: () => Promise.resolve(),
  manifestOf: () => Promise.resolve(undefined),
  rememberManifest: () => Promise.resolve(),
  storedIdentityOf: () => Promise.resolve(undefined),
  rememberStoredIdentity: () => Promise.resolve(),
};
