// Cuts a byte stream into SIP messages (RFC 3261 §18.3, §7.5) and keep-alives (RFC 5626 §4.4.1). Pure: text in, calls out.
// Text is latin1, one character a byte. Work is linear in what comes, however it is cut: while a head or body is
// incomplete, pieces are only joined (a rope) and the search for the head's end looks at the new piece alone.
// Reader: adapters/tcp.ts.

export const HEAD_BYTES_MAX = 16_384;
export const MESSAGE_BYTES_MAX = 65_536;

/** Why a stream cannot go on: where the next message begins is unknown from there. */
export type FramingFault =
  'not-sip' | 'head-too-large' | 'message-too-large' | 'content-length-missing' | 'content-length-bad';

export interface FramerSink {
  /** One whole message. */
  message(raw: string): void;
  /** A double CRLF between messages: to be answered with one CRLF. */
  ping(): void;
  /** Each CRLF between messages: on a connection that asks with pings it is the answer. */
  blank?(): void;
  /** Nothing more is read. `head` is the message's head to the empty line, or '' when that did not come. */
  failed(fault: FramingFault, head: string): void;
}

const END_OF_HEAD = '\r\n\r\n';
const CR = 13;
const LF = 10;

export class StreamFramer {
  /** What came of the message that is not complete yet. */
  #pending = '';
  /** Last characters of #pending, at most 3: the end of the head may lie across two pieces. */
  #tail = '';
  /** Length of the message in #pending once its head is known; 0 while it is not. */
  #wanted = 0;
  /** CRLFs seen between messages since the last ping, 0 or 1. */
  #crlfs = 0;
  #stopped = false;

  constructor(private readonly sink: FramerSink) {}

  /** True while part of a message waits for the rest. */
  get partial(): boolean {
    return this.#pending !== '';
  }

  /** Nothing more is delivered, not even what is left of the piece at hand. */
  stop(): void {
    this.#stopped = true;
    this.#pending = this.#tail = '';
  }

  push(piece: string): void {
    if (this.#stopped) return;
    if (this.#pending === '') return this.#cut(piece, 0);
    if (this.#pending === '\r') return this.#cut(this.#take() + piece, 0);
    if (this.#wanted > 0) return this.#body(piece);
    this.#head(piece);
  }

  /** Waits for the end of a head that began in an earlier piece. */
  #head(piece: string): void {
    const seam = this.#tail + piece;
    const found = seam.indexOf(END_OF_HEAD);
    const before = this.#pending.length - this.#tail.length;
    this.#pending += piece;
    if (found < 0) {
      this.#tail = seam.slice(-3);
      if (this.#pending.length > HEAD_BYTES_MAX) this.#fail('head-too-large', '');
      return;
    }
    this.#cut(this.#take(), before + found + 4);
  }

  #body(piece: string): void {
    this.#pending += piece;
    if (this.#pending.length < this.#wanted) return;
    const end = this.#wanted;
    const whole = this.#take();
    this.sink.message(end === whole.length ? whole : whole.slice(0, end));
    if (end < whole.length) this.#cut(whole, 0, end);
  }

  /** Delivers every message that lies whole in `text`; `knownHeadEnd` > 0 spares the first search. */
  #cut(text: string, knownHeadEnd: number, from = 0): void {
    let at = from;
    let headEnd = knownHeadEnd;
    while (!this.#stopped) {
      at = this.#skipBlank(text, at);
      if (at >= text.length || this.#stopped) return;
      const first = text.charCodeAt(at);
      if (first === CR && at === text.length - 1) return this.#keep('\r'); // its LF has not come
      if (!isTokenCharacter(first)) return this.#fail('not-sip', '');
      if (headEnd <= at) headEnd = text.indexOf(END_OF_HEAD, at) + 4;
      if (headEnd < 4 || headEnd - at > HEAD_BYTES_MAX) {
        if (headEnd >= 4 || text.length - at > HEAD_BYTES_MAX) return this.#fail('head-too-large', '');
        return this.#keep(text.slice(at));
      }
      const length = contentLength(text, at, headEnd);
      if (length < 0) return this.#fail(FAULTS[-length]!, text.slice(at, headEnd));
      const end = headEnd + length;
      if (end - at > MESSAGE_BYTES_MAX) return this.#fail('message-too-large', text.slice(at, headEnd));
      this.#crlfs = 0;
      if (end > text.length) {
        this.#pending = text.slice(at);
        this.#wanted = end - at;
        return;
      }
      this.sink.message(at === 0 && end === text.length ? text : text.slice(at, end));
      at = end;
      headEnd = 0;
    }
  }

  #take(): string {
    const whole = this.#pending;
    this.#pending = this.#tail = '';
    this.#wanted = 0;
    return whole;
  }

  #keep(rest: string): void {
    this.#pending = rest;
    this.#tail = rest.slice(-3);
    this.#wanted = 0;
  }

  /** Passes over CRLFs between messages, telling pings; a bare LF is passed over too. */
  #skipBlank(text: string, from: number): number {
    let at = from;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === LF) {
        at += 1;
      } else if (code === CR && text.charCodeAt(at + 1) === LF) {
        at += 2;
        this.sink.blank?.();
        this.#crlfs += 1;
        if (this.#crlfs === 2) {
          this.#crlfs = 0;
          this.sink.ping();
        }
      } else {
        break;
      }
    }
    return at;
  }

  #fail(fault: FramingFault, head: string): void {
    this.stop();
    this.sink.failed(fault, head);
  }
}

/** Negative results of contentLength, by their absolute value. */
const FAULTS: readonly FramingFault[] = [
  'not-sip',
  'content-length-missing',
  'content-length-bad',
  'message-too-large',
];
const MISSING = -1;
const BAD = -2;
const TOO_LARGE = -3;

/**
 * The Content-Length (or `l`) of the head at text[start, end), its value possibly on a folded line. Several that
 * agree count as one; several that differ are refused: two readers could cut the stream in two ways.
 */
export const contentLength = (text: string, start: number, end: number): number => {
  let found = MISSING;
  let line = text.indexOf('\r\n', start) + 2;
  while (line < end - 2) {
    let lineEnd = text.indexOf('\r\n', line);
    const first = text.charCodeAt(line) | 0x20;
    if (first === 0x63 /* c */ || first === 0x6c /* l */) {
      const colon = contentLengthColon(text, line, lineEnd);
      if (colon > 0) {
        while (isSpace(text.charCodeAt(lineEnd + 2))) lineEnd = text.indexOf('\r\n', lineEnd + 2);
        const value = digits(text, colon + 1, lineEnd);
        if (value === BAD || (found >= 0 && found !== value)) return BAD;
        found = value;
      }
    }
    line = lineEnd + 2;
  }
  return found > MESSAGE_BYTES_MAX ? TOO_LARGE : found;
};

/** Index of the colon when the line's name is Content-Length or l, else 0. */
const contentLengthColon = (text: string, line: number, lineEnd: number): number => {
  let at = line + 1;
  const next = text.charCodeAt(at);
  if (next !== 0x3a && !isSpace(next)) {
    if ((text.charCodeAt(line + 8) | 0x20) !== 0x6c) return 0; // the L of Content-L…
    if (text.slice(line, line + 14).toLowerCase() !== 'content-length') return 0;
    at = line + 14;
  } else if ((text.charCodeAt(line) | 0x20) !== 0x6c) {
    return 0; // `c:` is Content-Type
  }
  while (isSpace(text.charCodeAt(at))) at++;
  return at < lineEnd && text.charCodeAt(at) === 0x3a ? at : 0;
};

/** 1*DIGIT between white space, at most 9 digits, else BAD. */
const digits = (text: string, from: number, to: number): number => {
  let at = from;
  let end = to;
  while (at < end && text.charCodeAt(at) <= 0x20) at++;
  while (end > at && text.charCodeAt(end - 1) <= 0x20) end--;
  if (end === at || end - at > 9) return BAD;
  let value = 0;
  for (; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return BAD;
    value = value * 10 + digit;
  }
  return value;
};

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09;

/** RFC 3261 §25.1 token: what a method or `SIP/2.0` may begin with. Keeps a TLS hello from waiting for a head's end. */
const isTokenCharacter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  (code < 0x80 && "-.!%*_+`'~".includes(String.fromCharCode(code)));
