// EventStoreDB's rule for appends: what it takes, knows again, or refuses. Pure.
// As its documentation tells of optimistic concurrency and idempotence. Used by the archive in memory and by the stand-in server.

/** `end` is the ordinal of the newest entry expected, 0: no stream; the words are EventStoreDB's. */
export type Expected = number | 'any' | 'stream-exists';

export type Verdict =
  | Readonly<{ kind: 'append' }>
  /** All of it is there, this far. */
  | Readonly<{ kind: 'known'; last: number }>
  | Readonly<{ kind: 'conflict' }>;

/** `stream`: the ids that it holds, oldest first. */
export const judgeAppend = (
  stream: readonly string[],
  ids: readonly string[],
  expected: Expected,
): Verdict => {
  if (expected === 'any' || expected === 'stream-exists') {
    if (expected === 'stream-exists' && stream.length === 0) return { kind: 'conflict' };
    const places = ids.map((id) => stream.lastIndexOf(id));
    if (ids.length === 0 || places[0] === -1) return { kind: 'append' };
    return places.includes(-1) ? { kind: 'conflict' } : { kind: 'known', last: Math.max(...places) + 1 };
  }
  if (expected === stream.length) return { kind: 'append' };
  if (expected > stream.length) return { kind: 'conflict' };
  const isKnown = ids.every((id, index) => stream[expected + index] === id);
  return isKnown ? { kind: 'known', last: expected + ids.length } : { kind: 'conflict' };
};
