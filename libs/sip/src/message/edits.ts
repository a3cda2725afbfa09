// Changes to one message, noted as they are asked for and rendered in one pass: what is not touched is copied as it came.
// RFC 3261 §7.3 (order of lines, comma-joined values), §16.6, §16.7, §18.2.1; RFC 3581 §4.
// Writers: the proxy core, bono, sprout. Nothing of the message itself changes; edits of one header compose in any order.
import { H, HEADER_IDS, UNKNOWN_HEADER, type HeaderId } from './header-table.js';
import { LINE_STRIDE, type SipMessage } from './message.js';
import { type HeaderEdit, PREFIXES, prefixOf, Rendering } from './rendering.js';
import { COMMA, indexOutside, skipToValue, trimEnd } from './scan.js';
import { receivedVia } from '../fields/via.js';

export class Edits {
  private readonly headers: HeaderEdit[] = [];
  private startLine: string | undefined;
  private newUri: string | undefined;
  private newBody: string | undefined;

  constructor(readonly message: SipMessage) {}

  /** An independent copy with the edits made so far: one a branch. */
  copy(): Edits {
    const copy = new Edits(this.message);
    for (const edit of this.headers)
      copy.headers.push({ ...edit, head: edit.head?.slice(), tail: edit.tail?.slice() });
    copy.startLine = this.startLine;
    copy.newUri = this.newUri;
    copy.newBody = this.newBody;
    return copy;
  }

  requestUri(uri: string): void {
    this.newUri = uri;
    this.startLine = `${this.message.method} ${uri} SIP/2.0`;
  }

  /** For responses: another status line. */
  statusLine(status: number, reason: string): void {
    this.startLine = `SIP/2.0 ${status} ${reason}`;
  }

  /** A new line before the first of that header; the last call is on top. */
  prepend(id: HeaderId, value: string): void {
    const edit = this.edit(id);
    if (edit.head === undefined) edit.head = [value];
    else edit.head.unshift(value);
  }

  /** A new line after the last of that header. */
  append(id: HeaderId, value: string): void {
    const edit = this.edit(id);
    this.putLast(edit, value);
  }

  /** All lines of the header become this one, at the place of the first; added when there was none. */
  replace(id: HeaderId, value: string): void {
    const edit = this.edit(id);
    this.clear(edit);
    edit.head = [value];
  }

  remove(id: HeaderId): void {
    this.clear(this.edit(id));
  }

  /** Any header, also one that the table does not know; case does not matter, compact forms of known ones are found. */
  removeNamed(name: string): void {
    this.clear(this.editNamed(name));
  }

  addNamed(name: string, value: string): void {
    const edit = this.editNamed(name);
    if (edit.id === UNKNOWN_HEADER) edit.prefix = prefixOf(name);
    this.putLast(edit, value);
  }

  /** Takes away the first value: its line when it is alone there, else the value only. */
  popValue(id: HeaderId): void {
    const edit = this.edit(id);
    if (popFrom(edit.head)) return;
    if (this.seekValue(edit)) this.passValue(edit, this.valueEnd(edit));
    else popFrom(edit.tail);
  }

  /** The first value as it stands after the edits so far. */
  topValue(id: HeaderId): string | undefined {
    const edit = this.edit(id);
    const top = firstOf(edit.head);
    if (top !== undefined) return top;
    const { line, offset } = edit;
    const value = this.seekValue(edit) ? this.valueTo(edit, this.valueEnd(edit)) : firstOf(edit.tail);
    edit.line = line;
    edit.offset = offset;
    return value;
  }

  /** Takes every value off, as they stand after the edits so far, and returns them: for the rare header that is rewritten. */
  takeAll(id: HeaderId): string[] {
    const taken: string[] = [];
    for (let top = this.topValue(id); top !== undefined; top = this.topValue(id)) {
      taken.push(top);
      this.popValue(id);
    }
    this.clear(this.edit(id));
    return taken;
  }

  /** These values, a line each, at the place of the first; nothing of what came. */
  replaceAll(id: HeaderId, values: readonly string[]): void {
    const edit = this.edit(id);
    this.clear(edit);
    if (values.length > 0) edit.head = values.slice();
  }

  /**
   * Takes the last value off, as it stands after the edits so far, and returns it. What is left is written a value a line at
   * the place of the first: for the rare header that is read from its end, not for Via.
   */
  popLast(id: HeaderId): string | undefined {
    const left = this.takeAll(id);
    const last = left.pop();
    this.replaceAll(id, left);
    return last;
  }

  /**
   * Sets received= and fills rport on the topmost Via that came, wherever it stands by now; once. Nothing happens when that
   * Via has been popped.
   */
  viaReceived(received: string | undefined, rport: number | undefined): void {
    const edit = this.edit(H.Via);
    if (edit.line !== edit.first || edit.offset !== this.message.lines[edit.first * LINE_STRIDE + 2]) return;
    if (!this.seekValue(edit)) return;
    const end = this.valueEnd(edit);
    const via = receivedVia(this.valueTo(edit, end), received, rport);
    this.passValue(edit, end);
    (edit.head ??= []).push(via);
  }

  /** Another body (latin1). Content-Length follows by itself; `contentType` undefined keeps the type of what came. */
  body(contentType: string | undefined, body: string): void {
    this.newBody = body;
    if (body === '') this.remove(H.ContentType);
    else if (contentType !== undefined) this.replace(H.ContentType, contentType);
    this.remove(H.ContentEncoding);
  }

  /** Like `render`, with this Via on top. The edits stay as they are: each branch and each try may have its own Via. */
  renderWithVia(via: string): string {
    return this.withVia(via, () => this.render());
  }

  /** Like `readyMade`, with this Via on top. */
  readyMadeWithVia(via: string): SipMessage | string {
    return this.withVia(via, () => this.readyMade());
  }

  /** The whole message with all edits. Content-Length is right, and added when it was absent. */
  render(): string {
    return new Rendering(this.message, this.headers, this.startLine, this.newBody).text();
  }

  /**
   * What parsing the rendered text would give, without parsing it: for a reader in the same process. The text instead, where
   * that has to be looked at again.
   */
  readyMade(): SipMessage | string {
    const { message, headers, startLine, newBody, newUri } = this;
    return new Rendering(message, headers, startLine, newBody).message(newUri);
  }

  private withVia<T>(via: string, render: () => T): T {
    const edit = this.edit(H.Via);
    const head = (edit.head ??= []);
    head.unshift(via);
    const rendered = render();
    head.shift();
    return rendered;
  }

  private edit(id: HeaderId): HeaderEdit {
    for (const edit of this.headers) if (edit.id === id && id >= 0) return edit;
    const first = this.message.findLine(id);
    return this.begin(id, '', PREFIXES[id]!, first);
  }

  private editNamed(name: string): HeaderEdit {
    const lowerName = name.toLowerCase();
    const id = HEADER_IDS.get(lowerName);
    if (id !== undefined) return this.edit(id);
    for (const edit of this.headers) if (edit.lowerName === lowerName) return edit;
    let first = 0;
    while (first < this.message.lineCount && !this.isNamed(first, lowerName)) first++;
    return this.begin(UNKNOWN_HEADER, lowerName, prefixOf(name), first < this.message.lineCount ? first : -1);
  }

  private begin(id: HeaderId, lowerName: string, prefix: string, first: number): HeaderEdit {
    const { lines, lineCount } = this.message;
    const line = first < 0 ? lineCount : first;
    const offset = first < 0 ? 0 : lines[first * LINE_STRIDE + 2]!;
    const edit = { id, lowerName, prefix, first, last: -1, head: undefined, tail: undefined, line, offset };
    this.headers.push(edit);
    return edit;
  }

  private putLast(edit: HeaderEdit, value: string): void {
    if (edit.tail !== undefined) {
      edit.tail.push(value);
      return;
    }
    edit.tail = [value];
    if (edit.first < 0) return;
    let line = this.message.lineCount - 1;
    while (!this.isOf(edit, line)) line--;
    edit.last = line;
  }

  private isOf(edit: HeaderEdit, line: number): boolean {
    return edit.id >= 0
      ? this.message.lines[line * LINE_STRIDE] === edit.id
      : this.isNamed(line, edit.lowerName);
  }

  private isNamed(line: number, lowerName: string): boolean {
    return (
      this.message.lines[line * LINE_STRIDE] === UNKNOWN_HEADER &&
      this.message.lineName(line).toLowerCase() === lowerName
    );
  }

  private clear(edit: HeaderEdit): void {
    edit.line = this.message.lineCount;
    edit.head = undefined;
    edit.tail = undefined;
  }

  /** Moves to the first value left of what came; false when there is none. */
  private seekValue(edit: HeaderEdit): boolean {
    const { raw, lines, lineCount } = this.message;
    while (edit.line < lineCount) {
      const end = lines[edit.line * LINE_STRIDE + 3]!;
      const at = skipToValue(raw, edit.offset, end);
      if (at < end) {
        edit.offset = at;
        return true;
      }
      const next = this.message.findLine(edit.id, edit.line + 1);
      edit.line = next < 0 ? lineCount : next;
      if (next >= 0) edit.offset = lines[next * LINE_STRIDE + 2]!;
    }
    return false;
  }

  /** Goes past the value that seekValue found and that ends at `end`, to the next. */
  private passValue(edit: HeaderEdit, end: number): void {
    edit.offset = end + 1;
    this.seekValue(edit);
  }

  private valueEnd(edit: HeaderEdit): number {
    const { raw, lines } = this.message;
    return indexOutside(raw, COMMA, edit.offset, lines[edit.line * LINE_STRIDE + 3]!);
  }

  private valueTo(edit: HeaderEdit, end: number): string {
    const { raw } = this.message;
    return raw.slice(edit.offset, trimEnd(raw, edit.offset, end));
  }
}

/** Takes the first comma-separated value off a list of whole lines' values; false when there is none. */
const popFrom = (list: string[] | undefined): boolean => {
  while (list !== undefined && list.length > 0) {
    const line = list[0]!;
    const at = skipToValue(line, 0, line.length);
    const next = skipToValue(line, indexOutside(line, COMMA, at, line.length), line.length);
    if (next < line.length) list[0] = line.slice(next);
    else list.shift();
    if (at < line.length) return true;
  }
  return false;
};

const firstOf = (list: readonly string[] | undefined): string | undefined => {
  for (const line of list ?? []) {
    const at = skipToValue(line, 0, line.length);
    if (at < line.length)
      return line.slice(at, trimEnd(line, at, indexOutside(line, COMMA, at, line.length)));
  }
  return undefined;
};
