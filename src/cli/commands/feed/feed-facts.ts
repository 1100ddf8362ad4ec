import { type Feed } from '../../../client/feeds.js';

/** What is told of a feed, for programs. */
export interface FeedFacts {
  readonly id: string;
  readonly uri: string;
  readonly name?: string;
  readonly isWriteable: boolean;
  readonly createdAt: Date;
}

/** The facts of a feed, without its methods. */
export function feedFacts({ id, uri, name, isWriteable, createdAt }: Feed): FeedFacts {
  return { id, uri, ...(name !== undefined && { name }), isWriteable, createdAt };
}
