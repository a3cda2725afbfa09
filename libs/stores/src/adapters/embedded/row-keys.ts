// What may be a row's key, and in which order keys come: the same in memory and in SQLite (order of UTF-8 bytes).
// Read by the table stores beside it.

/** Rows that one scan may ask for; more is a defect of the caller, who pages with `after`. */
export const TABLE_SCAN_ROWS_MAX = 10_000;

/** Half a surrogate pair has no UTF-8 form: two such keys would become one row. */
export const keyFault = (table: string, key: string): RangeError | undefined =>
  key.isWellFormed() ? undefined : new RangeError(`${table}: a key is not well-formed Unicode`);

export const limitFault = (table: string, limit: number): RangeError | undefined =>
  Number.isInteger(limit) && limit > 0 && limit <= TABLE_SCAN_ROWS_MAX
    ? undefined
    : new RangeError(`${table}: a scan takes a limit of 1 to ${TABLE_SCAN_ROWS_MAX}, not ${limit}`);

/** Order of code points, which is that of UTF-8 bytes; JavaScript's own `<` puts U+10000 before U+FFFF. */
export const compareKeys = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    if (a.charCodeAt(at) !== b.charCodeAt(at)) return codePointAround(a, at) - codePointAround(b, at);
  }
  return a.length - b.length;
};

const codePointAround = (text: string, at: number): number => {
  const unit = text.charCodeAt(at);
  const isTrailing = unit >= 0xdc00 && unit <= 0xdfff && at > 0;
  return text.codePointAt(isTrailing ? at - 1 : at) ?? 0;
};

/** The smallest key above every key that starts with `prefix`; undefined when there is none. */
export const prefixEnd = (prefix: string): string | undefined => {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    const next = last + 1 === 0xd800 ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
};
