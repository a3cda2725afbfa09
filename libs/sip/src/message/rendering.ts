// One pass over a message and its edits: the text, and where its lines lie in it, which whoever is given both need not look for again.
// What is not touched is copied as it came (RFC 3261 §7.3). Used by edits.ts.
import { H, HEADER_NAMES, type HeaderId } from './header-table.js';
import { HEADER_LINES_MAX, MESSAGE_BYTES_MAX } from './limits.js';
import { LINE_STRIDE, SipMessage } from './message.js';
import { isSpaceCode } from './scan.js';

/**
 * The state of one header: values put before what came, what is left of what came (only its front can be taken away,
 * value by value, or all of it), values put after.
 */
export type HeaderEdit = {
  readonly id: HeaderId;
  /** Lower-case name when the id is UNKNOWN_HEADER, else ''. */
  readonly lowerName: string;
  /** What a new line begins with. */
  prefix: string;
  /** First line of the header in the message, -1: it has none. */
  readonly first: number;
  /** Its last line; looked for when something is to stand behind it. */
  last: number;
  head: string[] | undefined;
  tail: string[] | undefined;
  /** First line left of what came (lineCount: none) and where its first value left begins. */
  line: number;
  offset: number;
};

const CRLF = 2;
// A line is written as CRLF, name, value, before the CRLF that ends what stands above it: one piece of text less a line.
export const prefixOf = (name: string): string => `\r\n${name}: `;
export const PREFIXES: readonly string[] = HEADER_NAMES.map(prefixOf);

/** Headers whose value the parser judges or reads (parse-message.ts): edited, they are for it to look at. */
const READ_BY_PARSER: ReadonlySet<HeaderId> = new Set([H.From, H.To, H.CallId, H.CSeq]);

export class Rendering {
  private out: string;
  /** What came is in `out` up to here; a line's text is taken to begin with the CRLF above it. */
  private copied: number;
  /** As SipMessage.lines; undefined where nobody asks for it. */
  private lines: number[] | undefined;
  /** Something was written that parsing would not find as it was written. */
  private isOdd = false;

  constructor(
    private readonly source: SipMessage,
    private readonly edits: readonly HeaderEdit[],
    private readonly startLine: string | undefined,
    private readonly newBody: string | undefined,
  ) {
    this.out = startLine ?? '';
    this.copied = startLine === undefined ? 0 : source.headersStart - CRLF;
  }

  text(): string {
    this.head();
    const { out, copied, newBody } = this;
    const { raw, bodyStart } = this.source;
    return newBody === undefined
      ? out + raw.slice(copied)
      : `${out}${raw.slice(copied, bodyStart)}${newBody}`;
  }

  /** `uri`: the Request-URI that the start line has, where it is another than in what came. Of a response with another start line: the text. */
  message(uri: string | undefined): SipMessage | string {
    this.lines = [];
    const text = this.text();
    const { source, lines, startLine } = this;
    if (this.isOdd || text.length > MESSAGE_BYTES_MAX || lines.length > HEADER_LINES_MAX * LINE_STRIDE)
      return text;
    if (startLine !== undefined && (uri === undefined || !source.isRequest)) return text;
    const body = this.newBody?.length ?? source.raw.length - source.bodyStart;
    const bodyStart = text.length - body;
    return new SipMessage(
      text, source.method, uri ?? source.requestUri, source.status, source.reason,
      startLine === undefined ? source.headersStart : startLine.length + CRLF, bodyStart - CRLF, bodyStart,
      lines, lines.length / LINE_STRIDE, source.cseq, source.cseqMethod,
    ); // prettier-ignore
  }

  /** All lines, up to the end of the last. */
  private head(): void {
    const { lines, lineCount, headersEnd } = this.source;
    const touched = touchedIds(this.edits);
    const end = headersEnd - CRLF;
    let lengthDone = false;
    for (let line = 0, at = 0; line < lineCount; line++, at += LINE_STRIDE) {
      const id = lines[at]!;
      if (id >= 0 ? (touched[id >> 5]! & (1 << (id & 31))) === 0 : touched[2] === 0) {
        this.keep(at);
        continue;
      }
      const start = lines[at + 1]! - CRLF;
      const next = line + 1 < lineCount ? lines[at + LINE_STRIDE + 1]! - CRLF : end;
      if (id === H.ContentLength) {
        this.copyTo(start);
        this.added();
        lengthDone = true;
        if (this.newBody === undefined) this.keep(at);
        else {
          this.write(H.ContentLength, PREFIXES[H.ContentLength]!, this.contentLength());
          this.copied = next;
        }
        continue;
      }
      const edit = findEdit(this.edits, this.source, id, line);
      if (edit === undefined) this.keep(at);
      else this.edited(edit, line, start, next);
    }
    if (lengthDone) return;
    this.copyTo(end);
    this.added();
    this.write(H.ContentLength, PREFIXES[H.ContentLength]!, this.contentLength());
  }

  private edited(edit: HeaderEdit, line: number, start: number, next: number): void {
    const { lines } = this.source;
    const at = line * LINE_STRIDE;
    if (READ_BY_PARSER.has(edit.id)) this.isOdd = true;
    if (line === edit.first && edit.head !== undefined) {
      this.copyTo(start);
      this.writeAll(edit, edit.head);
    }
    if (line < edit.line) {
      this.copyTo(start);
      this.copied = next;
    } else if (line === edit.line && edit.offset !== lines[at + 2]) {
      // Of its values the first ones are gone.
      const nameStart = this.out.length - this.copied + lines[at + 1]!;
      this.copyTo(lines[at + 2]!);
      this.copied = edit.offset;
      const shift = this.out.length - this.copied;
      this.lines?.push(edit.id, nameStart, edit.offset + shift, lines[at + 3]! + shift);
    } else this.keep(at);
    if (edit.tail !== undefined && line === edit.last) {
      this.copyTo(next);
      this.writeAll(edit, edit.tail);
    }
  }

  /** A line stays as it came, to be copied with what stands around it. */
  private keep(at: number): void {
    if (this.lines === undefined) return;
    const { lines } = this.source;
    const shift = this.out.length - this.copied;
    this.lines.push(lines[at]!, lines[at + 1]! + shift, lines[at + 2]! + shift, lines[at + 3]! + shift);
  }

  private copyTo(end: number): void {
    this.out += this.source.raw.slice(this.copied, end);
    this.copied = end;
  }

  /** Lines of headers that the message did not have. */
  private added(): void {
    for (const edit of this.edits) {
      if (edit.first >= 0 || edit.id === H.ContentLength) continue;
      if (READ_BY_PARSER.has(edit.id)) this.isOdd = true;
      if (edit.head !== undefined) this.writeAll(edit, edit.head);
      if (edit.tail !== undefined) this.writeAll(edit, edit.tail);
    }
  }

  private writeAll({ id, prefix }: HeaderEdit, values: readonly string[]): void {
    for (const value of values) this.write(id, prefix, value);
  }

  private write(id: HeaderId, prefix: string, value: string): void {
    const { lines } = this;
    if (lines !== undefined) {
      const valueStart = this.out.length + prefix.length;
      lines.push(id, this.out.length + CRLF, valueStart, valueStart + value.length);
      const { length } = value;
      if (length === 0 || isSpaceCode(value.charCodeAt(0)) || isSpaceCode(value.charCodeAt(length - 1)))
        this.isOdd = true;
    }
    this.out += prefix + value;
  }

  private contentLength(): string {
    return String(this.newBody?.length ?? this.source.raw.length - this.source.bodyStart);
  }
}

/** Which ids have edits, as bits: 0–31, 32–63, and whether any name outside the table has. */
const touchedIds = (edits: readonly HeaderEdit[]): readonly [number, number, number] => {
  let low = 1 << H.ContentLength;
  let high = 0;
  let unknown = 0;
  for (const { id } of edits) {
    if (id < 0) unknown = 1;
    else if (id < 32) low |= 1 << id;
    else high |= 1 << (id & 31);
  }
  return [low, high, unknown];
};

const findEdit = (
  edits: readonly HeaderEdit[],
  source: SipMessage,
  id: HeaderId,
  line: number,
): HeaderEdit | undefined => {
  for (const edit of edits)
    if (edit.id === id && (id >= 0 || source.lineName(line).toLowerCase() === edit.lowerName)) return edit;
  return undefined;
};
