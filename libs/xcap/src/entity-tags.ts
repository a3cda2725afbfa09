// Conditional requests on a document whose entity tag is its revision (RFC 4825 §7.11, §8.2.6, §8.5; RFC 9110 §13). Pure.
// Every node of a document shares the document's tag. Reader: Homer.

export type Conditions = Readonly<{ ifMatch?: string; ifNoneMatch?: string }>;

/** Tags in one header; with more it is malformed. */
export const ENTITY_TAGS_MAX = 64;

export const entityTag = (revision: number): string => `"${revision}"`;

type Tags = '*' | readonly Readonly<{ weak: boolean; opaque: string }>[];

const TAG = /[\t ]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[\t ]*(?:,|$)/y;

/** undefined: malformed. */
const parseTags = (header: string): Tags | undefined => {
  if (header.trim() === '*') return '*';
  const tags = [];
  TAG.lastIndex = 0;
  while (TAG.lastIndex < header.length) {
    const found = TAG.exec(header);
    if (found === null || tags.length === ENTITY_TAGS_MAX) return undefined;
    tags.push({ weak: found[1] !== undefined, opaque: found[2] ?? '' });
  }
  return tags.length === 0 ? undefined : tags;
};

/** `not-modified`: of a GET, the client has it already. */
export type Verdict = 'go-on' | 'failed' | 'not-modified' | 'malformed';

/** `revision` undefined: there is no document. */
export const judgeConditions = (
  { ifMatch, ifNoneMatch }: Conditions,
  revision: number | undefined,
  isRead: boolean,
): Verdict => {
  const wanted = ifMatch === undefined ? undefined : parseTags(ifMatch);
  const unwanted = ifNoneMatch === undefined ? undefined : parseTags(ifNoneMatch);
  if ((ifMatch !== undefined && !wanted) || (ifNoneMatch !== undefined && !unwanted)) return 'malformed';
  const names = (tags: Tags, isStrong: boolean): boolean =>
    revision !== undefined &&
    (tags === '*' || tags.some(({ weak, opaque }) => opaque === String(revision) && !(weak && isStrong)));
  if (wanted && !names(wanted, true)) return 'failed';
  if (unwanted && names(unwanted, false)) return isRead ? 'not-modified' : 'failed';
  return 'go-on';
};
