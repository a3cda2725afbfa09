// Keeps the SIP text that a part under test sent, and shows it as short lines that a person can compare with an RFC's figure.
// Knows text only, no parser of ours: a test must not be wrong in the same way as the code. Used by specs and scenarios.

export type RecordedSip = Readonly<{
  /** As passed to record(): 'bono → alice'. */
  way: string;
  atMs: number;
  text: string;
  /** 'INVITE sip:bob@ims.test' or '180 Ringing'. */
  line: string;
}>;

export interface SipRecorder {
  record(way: string, text: string, atMs?: number): void;
  readonly messages: readonly RecordedSip[];
  /** One line a message: `way: line`; compare with toEqual. */
  lines(way?: string): readonly string[];
  last(way?: string): RecordedSip;
  clear(): void;
}

const MESSAGES_MAX = 100_000;

/** Long and compact names of RFC 3261 §7.3.3. */
const COMPACT: Readonly<Record<string, string>> = {
  via: 'v',
  from: 'f',
  to: 't',
  'call-id': 'i',
  contact: 'm',
  'content-length': 'l',
  'content-type': 'c',
  supported: 'k',
  subject: 's',
};

/** All values of a header, folded lines joined, as written: comma-joined values stay together. */
export const headerLines = (text: string, name: string): readonly string[] => {
  const [head = ''] = text.split('\r\n\r\n', 1);
  const wanted = name.toLowerCase();
  const unfolded = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return unfolded.slice(1).flatMap((line) => {
    const colon = line.indexOf(':');
    const key = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    return key === wanted || (key !== '' && key === COMPACT[wanted]) ? [line.slice(colon + 1).trim()] : [];
  });
};

export const firstHeader = (text: string, name: string): string | undefined => headerLines(text, name)[0];

export const statusOf = (text: string): number | undefined => {
  const match = /^SIP\/2\.0 (\d{3}) /.exec(text);
  return match ? Number(match[1]) : undefined;
};

const lineOf = (text: string): string => {
  const [start = ''] = text.split('\r\n', 1);
  return start.startsWith('SIP/2.0 ') ? start.slice(8) : start.replace(/ SIP\/2\.0$/, '');
};

export const createSipRecorder = (): SipRecorder => {
  const messages: RecordedSip[] = [];
  const on = (way?: string) => messages.filter((message) => way === undefined || message.way === way);
  return {
    messages,
    record(way, text, atMs = 0) {
      if (messages.length >= MESSAGES_MAX) throw new Error(`more than ${MESSAGES_MAX} messages in one test`);
      messages.push({ way, atMs, text, line: lineOf(text) });
    },
    lines: (way) =>
      on(way).map((message) => (way === undefined ? `${message.way}: ${message.line}` : message.line)),
    last(way) {
      const message = on(way).at(-1);
      if (!message) throw new Error(`nothing was sent${way === undefined ? '' : ` ${way}`}`);
      return message;
    },
    clear: () => void messages.splice(0),
  };
};
