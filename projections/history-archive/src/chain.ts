// The chain through what is archived: each event's link is a hash over the link before it in its partition, its position, what is said
// about it and its data. Whoever changes, adds or removes an event breaks it. Pure. Written by archive-sink.ts, checked by verify-chain.ts.
import { createHash } from 'node:crypto';
import type { ArchiveEntry } from '#libs/archive';
import type { Archivable, EventFacts, Link } from './archived-event.js';

/** Before the first event of a partition. */
export const GENESIS = Buffer.alloc(32).toString('base64url');

/** The events of one of these are in one order, and in one chain. */
export const placeOf = ({ topic, position }: Pick<EventFacts, 'topic' | 'position'>): string =>
  `${topic}/${position.partition}`;

export const linkAfter = (previous: string, { entry, facts }: Archivable): Link => {
  const { id, type, data } = entry;
  const hash = createHash('sha256')
    .update(Buffer.from(previous, 'base64url'))
    .update(JSON.stringify([id, type, facts]))
    .update('\n')
    .update(JSON.stringify(data))
    .digest('base64url');
  return { previous, hash };
};

/** The link is the last of what is said about an event. */
export const linked = ({ entry, facts }: Archivable, chain: Link): ArchiveEntry => ({
  ...entry,
  about: { ...facts, chain },
});

/** Is an entry what its link says? */
export const holdsLink = ({ id, type, data }: ArchiveEntry, { chain, ...facts }: EventFacts): boolean =>
  chain !== undefined && linkAfter(chain.previous, { entry: { id, type, data }, facts }).hash === chain.hash;
