// Which member of a group gets which partitions: each as many as the others or one more, and what it had as far as that goes. Pure.
// Used by the group's leader, whichever process that is; all of them come to the same.

export type GroupMember = Readonly<{
  id: string;
  /** What it owned until now, as it says itself. */
  held: readonly number[];
}>;

/** Partitions by member, each partition once. */
export const assignPartitions = (
  members: readonly GroupMember[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> => {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const share = Math.floor(partitions / Math.max(1, sorted.length));
  let oneMore = partitions % Math.max(1, sorted.length);
  const taken = new Set<number>();
  const assigned = new Map<string, number[]>(sorted.map(({ id }) => [id, []]));
  // Who held more keeps more: one partition less moves.
  for (const { id, held } of [...sorted].sort((a, b) => b.held.length - a.held.length)) {
    const free = held.filter((each) => each >= 0 && each < partitions && !taken.has(each));
    const own = [...new Set(free)].sort((a, b) => a - b).slice(0, share + (oneMore > 0 ? 1 : 0));
    if (own.length > share) oneMore--;
    for (const each of own) taken.add(each);
    assigned.set(id, own);
  }
  const left = Array.from({ length: partitions }, (_, each) => each).filter((each) => !taken.has(each));
  for (const each of left) {
    const [least] = [...assigned.values()].sort((a, b) => a.length - b.length);
    least?.push(each);
  }
  for (const own of assigned.values()) own.sort((a, b) => a - b);
  return assigned;
};
