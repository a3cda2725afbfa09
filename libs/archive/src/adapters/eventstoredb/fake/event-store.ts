// What a stand-in for EventStoreDB holds: streams, the order over all of them, and a file that outlives a killed process.
// Test equipment; its rules are EventStoreDB's as its documentation tells them. Written by the services beside it.
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { type Expected, judgeAppend } from '../../../judge-append.js';

export type Proposed = Readonly<{
  id: string;
  type: string;
  contentType: string;
  data: string;
  about: string;
}>;
/** `data` and `about` are Base64. `at` counts over all streams, from 0; `revision` within its own. */
export type Stored = Proposed & Readonly<{ stream: string; revision: number; at: number; createdMs: number }>;

export type Appended =
  | Readonly<{ kind: 'written' | 'known'; revision: number; at: number }>
  | Readonly<{ kind: 'conflict'; revision: number }>
  | Readonly<{ kind: 'too-large' }>
  | Readonly<{ kind: 'deleted' }>;

/** EventStoreDB's MaxAppendSize. */
export const APPEND_SIZE_MAX = 1024 * 1024;

export class FakeEventStore {
  readonly all: Stored[] = [];
  readonly #streams = new Map<string, Stored[]>();
  readonly #tombstones = new Set<string>();
  readonly #watchers = new Set<() => void>();

  /** Without a file it is gone with the process. */
  constructor(
    private readonly file: string | undefined,
    private readonly nowMs: () => number,
  ) {
    if (file !== undefined && existsSync(file)) this.#load(file);
  }

  stream(name: string): readonly Stored[] | undefined {
    return this.#streams.get(name);
  }

  isTombstoned(name: string): boolean {
    return this.#tombstones.has(name);
  }

  append(stream: string, events: readonly Proposed[], expected: Expected): Appended {
    const held = this.#streams.get(stream) ?? [];
    if (this.#tombstones.has(stream)) return { kind: 'deleted' };
    const bytes = events.reduce((sum, { data, about }) => sum + ((data.length + about.length) * 3) / 4, 0);
    if (bytes > APPEND_SIZE_MAX) return { kind: 'too-large' };
    const verdict = judgeAppend(held.map(({ id }) => id), events.map(({ id }) => id), expected); // prettier-ignore
    if (verdict.kind === 'conflict') return { kind: 'conflict', revision: held.length - 1 };
    if (verdict.kind === 'known')
      return { kind: 'known', revision: verdict.last - 1, at: held[verdict.last - 1]?.at ?? 0 };
    const createdMs = this.nowMs();
    const stored = events.map((event, index) => ({
      ...event,
      stream,
      revision: held.length + index,
      at: this.all.length + index,
      createdMs,
    }));
    // In the file before anybody hears of it: a kill loses nothing that was answered.
    if (this.file !== undefined && stored.length > 0)
      appendFileSync(this.file, `${JSON.stringify(stored)}\n`);
    const outcome = { revision: held.length + events.length - 1, at: this.all.length + events.length - 1 };
    this.#take(stored);
    return { kind: 'written', ...outcome };
  }

  /** The stream is gone; what is appended later goes on behind what was there. Of a tombstone nothing is ever again. */
  remove(stream: string, forGood: boolean): void {
    this.#streams.delete(stream);
    if (forGood) this.#tombstones.add(stream);
  }

  /** Tells of whatever is appended, until the function returned is called. */
  watch(run: () => void): () => void {
    this.#watchers.add(run);
    return () => this.#watchers.delete(run);
  }

  #take(stored: readonly Stored[]): void {
    for (const event of stored) {
      const held = this.#streams.get(event.stream) ?? [];
      held.push(event);
      this.#streams.set(event.stream, held);
      this.all.push(event);
    }
    for (const run of this.#watchers) run();
  }

  #load(file: string): void {
    const text = readFileSync(file, 'utf8');
    // A line that was being written when the process was killed was never answered.
    const whole = text.lastIndexOf('\n') + 1;
    if (whole < text.length) truncateSync(file, Buffer.byteLength(text.slice(0, whole)));
    for (const line of text.slice(0, whole).split('\n'))
      if (line !== '') this.#take(JSON.parse(line) as Stored[]);
  }
}
