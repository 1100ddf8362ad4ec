import { type ContentId } from '../../core/content-id.js';

const idBytes = 20;

/** Many content ids, in their order, in 20 bytes each. */
export class ContentIdList implements Iterable<ContentId> {
  private constructor(private readonly packed: Buffer) {}

  /** @param count How many there are. */
  static of(ids: Iterable<ContentId>, count: number): ContentIdList {
    const packed = Buffer.alloc(count * idBytes);
    let end = 0;
    for (const id of ids) end += packed.write(id, end, 'hex');
    return new ContentIdList(packed);
  }

  *[Symbol.iterator](): Generator<ContentId, void, undefined> {
    for (let start = 0; start < this.packed.byteLength; start += idBytes) yield this.packed.toString('hex', start, start + idBytes) as ContentId;
  }
}
