import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { checkPart } from './check-part.js';
import { type ContentAccess } from './content-access.js';
import { DirectoryListings } from './directory-listings.js';
import { itemFailure } from './item-error.js';
import { mapInOrder } from './map-in-order.js';
import { parentOf, type PartContent, resolveUri, type WholeContent } from './resolve-uri.js';

/** Look-ups under way at a time. */
const lookupsInFlight = 32;

interface Resolved {
  readonly uri: string;
  /** What the URI names, or why it names nothing. */
  readonly content: WholeContent | PartContent | KacheryError;
  readonly isHere: boolean;
}

/** The contents of small files that many URIs name. What is not here is fetched in one go. `close` it. */
export class SmallContents {
  private readonly listings: DirectoryListings;
  private readonly stop = new AbortController();
  private fetched: AsyncGenerator<Buffer | KacheryError, void, undefined> | undefined;

  constructor(
    private readonly access: ContentAccess,
    private readonly uris: readonly string[],
    private readonly signal: AbortSignal,
  ) {
    this.listings = new DirectoryListings(access, signal);
  }

  /** How to read each of the files; to be called once each, in their order. They fail as ContentAccess.readWhole and checkPart. */
  async resolve(): Promise<(() => Promise<Buffer>)[]> {
    const all: Resolved[] = [];
    for await (const resolved of mapInOrder(this.uris, lookupsInFlight, (uri) => this.resolveOne(uri))) all.push(resolved);
    const missing = all.filter(isMissing).map(({ content }) => content.id);
    const { fetcher, sources } = this.access.remote ?? {};
    if (fetcher && missing.length > 0) this.fetched = fetcher.readMany(missing, { sources, signal: AbortSignal.any([this.signal, this.stop.signal]) });
    return all.map((resolved) => () => this.read(resolved));
  }

  /** Stops what is being fetched. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.fetched?.return();
  }

  private async resolveOne(uri: string): Promise<Resolved> {
    try {
      const content = await resolveUri(this.access, uri, this.signal, this.listings);
      return { uri, content, isHere: content.kind === 'part' || !this.access.remote || (await this.access.isHere(content.id)) };
    } catch (error) {
      return { uri, content: itemFailure(error), isHere: false };
    }
  }

  private async read(resolved: Resolved): Promise<Buffer> {
    const { uri, content } = resolved;
    if (content instanceof KacheryError) throw content;
    if (content.kind === 'part') return this.readPart(content);
    if (!isMissing(resolved) || !this.fetched) return this.access.readWhole({ id: content.id, uri }, limits.maxSmallFileBytes, this.signal);
    const next = (await this.fetched.next()).value ?? new KacheryError('internal', 'Fewer files were fetched than were asked for.');
    if (next instanceof KacheryError) throw next;
    return next;
  }

  private async readPart(part: PartContent): Promise<Buffer> {
    const sizeBytes = part.range.end - part.range.start;
    if (sizeBytes > limits.maxSmallFileBytes) {
      const [limit, actual] = [String(limits.maxSmallFileBytes), String(sizeBytes)];
      throw new KacheryError('too-large', `The chunk has ${actual} bytes, and ReadFiles reads at most ${limit} of a file. Use ReadFile.`, { limit, actual });
    }
    await checkPart(this.access, part, this.signal);
    const pieces: Buffer[] = [];
    for await (const piece of this.access.read(parentOf(part), { ...part.range, signal: this.signal })) pieces.push(piece);
    return Buffer.concat(pieces);
  }
}

function isMissing(resolved: Resolved): resolved is Resolved & { readonly content: WholeContent } {
  return !resolved.isHere && !(resolved.content instanceof KacheryError);
}
