// What an application asks: the leader line of a message, its fields separated by `|`, and the SIP text below it.
// Fields are positional and may be empty; nothing of them is trusted. Reader: application.ts.

export type ProxyOptions = Readonly<{
  recordsRoute: boolean;
  /** The application wants to see final responses. */
  tellsResponses: boolean;
  followsRedirects: boolean;
  simultaneous: boolean;
  /** 0: none. */
  provisionalMs: number;
  finalMs: number;
  destinations: readonly string[];
}>;

export type Command = Readonly<{ id: string }> &
  (
    | Readonly<{ kind: 'authenticate'; secret: string; tags: readonly string[] }>
    | Readonly<{ kind: 'route' | 'remove-route'; method: string }>
    | Readonly<{ kind: 'ping' }>
    | Readonly<{ kind: 'sip'; transactionId: string; dialogId: string; nextHop: string; text: string }>
    | Readonly<{ kind: 'proxy'; transactionId: string; options: ProxyOptions; text: string }>
    | Readonly<{ kind: 'unknown' }>
  );

/** As drachtio-srf has them; more are left out. */
export const TAGS_MAX = 20;
export const TAG_LENGTH_MAX = 32;
/** Message ids are UUIDs; a longer one is not echoed. */
const ID_LENGTH_MAX = 64;
/** Of one proxy request; more are left out. */
export const DESTINATIONS_MAX = 10;
const TIMEOUT_MS_MAX = 600_000;

/** `2s`, `500ms`, `3`; 0 for what is none. */
const millisecondsOf = (text: string): number => {
  const [, number, unit] = /^(\d{1,6})(ms|s)?$/i.exec(text.trim()) ?? [];
  if (number === undefined) return 0;
  return Math.min(TIMEOUT_MS_MAX, Number(number) * (unit?.toLowerCase() === 'ms' ? 1 : 1_000));
};

const tagsOf = (text = ''): readonly string[] =>
  text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '' && tag.length <= TAG_LENGTH_MAX)
    .slice(0, TAGS_MAX);

const proxyOptionsOf = (fields: readonly string[]): ProxyOptions => ({
  recordsRoute: fields[3] === 'remainInDialog',
  tellsResponses: fields[4] === 'fullResponse',
  followsRedirects: fields[5] === 'followRedirects',
  simultaneous: fields[6] === 'simultaneous',
  provisionalMs: millisecondsOf(fields[7] ?? ''),
  finalMs: millisecondsOf(fields[8] ?? ''),
  destinations: fields
    .slice(9)
    .filter((uri) => uri !== '')
    .slice(0, DESTINATIONS_MAX),
});

/** undefined: it has no id that an answer could name. */
export const parseCommand = (message: string): Command | undefined => {
  const end = message.indexOf('\r\n');
  const leader = end < 0 ? message : message.slice(0, end);
  const text = end < 0 ? '' : message.slice(end + 2);
  const fields = leader.split('|');
  const [id = '', type = '', first = '', second = ''] = fields;
  if (id === '' || id.length > ID_LENGTH_MAX) return undefined;
  switch (type) {
    case 'authenticate':
      return { id, kind: 'authenticate', secret: first, tags: tagsOf(second) };
    case 'route':
      return { id, kind: 'route', method: first.trim().toUpperCase() };
    case 'remove_route':
      return { id, kind: 'remove-route', method: first.trim().toUpperCase() };
    case 'ping':
      return { id, kind: 'ping' };
    case 'sip':
      return { id, kind: 'sip', transactionId: first, dialogId: second, nextHop: fields[4] ?? '', text };
    case 'proxy':
      return { id, kind: 'proxy', transactionId: first, options: proxyOptionsOf(fields), text };
    default:
      return { id, kind: 'unknown' };
  }
};
