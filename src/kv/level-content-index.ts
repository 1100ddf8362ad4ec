import { type ContentId, isContentId } from '../core/content-id.js';
import { type ContentIndex, type FileIdentity, type KnownContent } from '../storage/content-index.js';
import { BoundedMap } from './bounded-map.js';
import { type Database } from './open-database.js';

const maxEntries = 1_000_000;

/** A content index in a database. When the database fails, the index knows nothing and says so to `onProblem`, for nothing in it is needed. */
export class LevelContentIndex implements ContentIndex {
  private constructor(
    private readonly maps: { readonly contents: BoundedMap; readonly manifests: BoundedMap; readonly identities: BoundedMap },
    private readonly onProblem: (error: unknown) => void,
  ) {}

  /** The index in a database, which stays the caller's to close. `options.maxEntries`: of each kind; older ones are forgotten. */
  static async open(database: Database, options: { readonly onProblem: (error: unknown) => void; readonly maxEntries?: number }): Promise<LevelContentIndex> {
    const open = (name: string): Promise<BoundedMap> => BoundedMap.open(database, name, options.maxEntries ?? maxEntries);
    const maps = { contents: await open('content'), manifests: await open('manifest'), identities: await open('identity') };
    return new LevelContentIndex(maps, options.onProblem);
  }

  async contentOf(identity: FileIdentity): Promise<KnownContent | undefined> {
    const [id = '', manifestId] = (await this.read(this.maps.contents, identity))?.split(' ') ?? [];
    if (!isContentId(id)) return undefined;
    return manifestId !== undefined && isContentId(manifestId) ? { id, manifestId } : { id };
  }

  async rememberContent(identity: FileIdentity, { id, manifestId }: KnownContent): Promise<void> {
    await this.write(this.maps.contents, identity, manifestId === undefined ? id : `${id} ${manifestId}`);
  }

  async manifestOf(id: ContentId): Promise<ContentId | undefined> {
    const manifestId = await this.read(this.maps.manifests, id);
    return manifestId !== undefined && isContentId(manifestId) ? manifestId : undefined;
  }

  async rememberManifest(id: ContentId, manifestId: ContentId): Promise<void> {
    await this.write(this.maps.manifests, id, manifestId);
  }

  async storedIdentityOf(id: ContentId): Promise<FileIdentity | undefined> {
    return (await this.read(this.maps.identities, id)) as FileIdentity | undefined;
  }

  async rememberStoredIdentity(id: ContentId, identity: FileIdentity): Promise<void> {
    await this.write(this.maps.identities, id, identity);
  }

  private async read(map: BoundedMap, key: string): Promise<string | undefined> {
    try {
      return await map.get(key);
    } catch (error) {
      this.onProblem(error);
      return undefined;
    }
  }

  private async write(map: BoundedMap, key: string, value: string): Promise<void> {
    try {
      await map.set(key, value);
    } catch (error) {
      this.onProblem(error);
    }
  }
}
