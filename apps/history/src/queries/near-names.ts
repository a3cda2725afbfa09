// Names like one that is not there: the same subject in another kind of stream, a part of a name, a slip of the finger.
// Reader: the commands, when a stream is unknown.

const NAMES_MAX = 5;
/** Longer names are compared by their parts only. */
const COMPARED_LENGTH_MAX = 200;

/** The nearest first; names too far away are left out. */
export const nearNames = (wanted: string, names: Iterable<string>): readonly string[] => {
  const nearest: { name: string; distance: number }[] = [];
  const target = wanted.toLowerCase();
  for (const name of names) {
    const distance = distanceTo(target, name.toLowerCase());
    if (distance === undefined) continue;
    const at = nearest.findIndex((one) => one.distance > distance);
    nearest.splice(at < 0 ? nearest.length : at, 0, { name, distance });
    if (nearest.length > NAMES_MAX) nearest.pop();
  }
  return nearest.map(({ name }) => name);
};

const subjectOf = (name: string): string => name.slice(name.indexOf('-') + 1);

/** Contained parts count as nearer than any slip; undefined: not near at all. */
const distanceTo = (wanted: string, name: string): number | undefined => {
  const [subject, own] = [subjectOf(wanted), subjectOf(name)];
  if (subject !== '' && own === subject) return 0;
  if (subject.length > 2 && (name.includes(subject) || (own.length > 2 && wanted.includes(own)))) return 1;
  const slipsMax = Math.min(4, Math.floor(wanted.length / 4));
  const slips = editDistance(wanted, name, slipsMax);
  return slips <= slipsMax ? 1 + slips : undefined;
};

/** Levenshtein distance; more than `limit` is not told apart. */
const editDistance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) > limit || a.length > COMPARED_LENGTH_MAX) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_none, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    if (Math.min(...next) > limit) return limit + 1;
    row = next;
  }
  return row[b.length] ?? limit + 1;
};
