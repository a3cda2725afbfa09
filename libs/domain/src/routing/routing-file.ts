// What the readers of the operator's routing files share: a JSON object with a list of entries, each told by its place when it
// is wrong. Files: bgcf-routes.ts, number-blocks.ts.

/** More entries are refused: the file would be something else. */
export const ROUTING_ENTRIES_MAX = 100_000;

export type FileResult<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; reason: string }>;

export type Entry = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The list of that name; a reason where the text is no such file. */
export const entriesOf = (json: string, list: string): FileResult<readonly Entry[]> => {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch (error) {
    return { ok: false, reason: `no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const entries = isObject(content) ? content[list] : undefined;
  if (!Array.isArray(entries)) return { ok: false, reason: `takes {"${list}": [ … ]}` };
  if (entries.length > ROUTING_ENTRIES_MAX)
    return { ok: false, reason: `more than ${ROUTING_ENTRIES_MAX} entries` };
  const odd = entries.findIndex((entry) => !isObject(entry));
  if (odd >= 0) return { ok: false, reason: `${list}[${odd}] is no object` };
  return { ok: true, value: entries as readonly Entry[] };
};

/** A text that is not empty. */
export const textIn = (entry: Entry, name: string): string | undefined => {
  const value = entry[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};
