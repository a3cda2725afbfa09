// Read model: which timers there are, and what is due when. Reader: chronos, which pops what is due and shows the rest.
// The fold is the aggregate's own; beside the rows it keeps the wheel, the dead letters and the counts by tag. A fold sends nothing.
import { comparePositions, type Position, type Recorded } from '#libs/decider';
import {
  type CallbackFailed,
  dueMsOf,
  type EndedTimer,
  evolveTimer,
  isRunning,
  nextSequence,
  type RunningTimer,
  type TimerEvent,
  type TimerTag,
  timerOfStream,
} from '#libs/domain';
import { type BindingEvent, BindingNode, foldBindings } from './binding-expiries.js';
import { type DueNode, DueWheel, isPlaced } from './due-wheel.js';

export const timersDue = {
  name: 'timers-due',
  /** Raise to rebuild from the start of the log. */
  version: 1,
  topics: ['timers', 'registration'],
} as const;

/** A running timer in its place. While its callback is under way it is in no wheel. */
export class TimerNode implements DueNode {
  dueMs = 0;
  level = 0;
  next: DueNode | undefined = undefined;
  previous: DueNode | undefined = undefined;
  readonly kind = 'timer';
  /** Failed tries of the next callback; not kept over a restart. */
  tries = 0;

  constructor(
    readonly id: string,
    public timer: RunningTimer,
  ) {}
}

export type Due = TimerNode | BindingNode;

/** A callback that nobody took, until it is taken after all or thrown away. */
export type DeadLetter = CallbackFailed['data'] & Readonly<{ timer: string }>;

/** Beyond it the oldest is forgotten; the log has them all. */
export const DEAD_LETTERS_MAX = 10_000;
/** Names of tags that are told apart; those that come later count as one. */
export const TAGS_MAX = 200;
export const OTHER_TAGS = 'other';
const ENDED_LOOKS = 1_000;

export const letterKey = (timer: string, { of, sequence }: Pick<DeadLetter, 'of' | 'sequence'>): string =>
  `${timer}.${of.generation}.${of.offset}.${sequence}`;

/** What waits, folded from the log. */
export class TimersDue {
  readonly timers = new Map<string, TimerNode>();
  readonly bindings = new Map<string, BindingNode>();
  /** By letterKey, oldest first. */
  readonly letters = new Map<string, DeadLetter>();
  /** Timers that are over and were old: one of their former events may still come. */
  readonly ended = new Map<string, EndedTimer>();
  readonly tags = new Map<string, number>();
  /** Equal texts are kept once: most timers call the same place. */
  private readonly texts = new Map<string, string>();
  private readonly tagLists = new Map<string, readonly TimerTag[]>();
  private readonly wheel: DueWheel<Due>;
  private events = 0;
  /** Told when something may be due before `nextMs` of a moment ago. */
  onSooner: ((atMs: number) => void) | undefined;

  constructor(
    private readonly nowMs: () => number,
    /** Without, expiries of bindings are somebody else's. */
    private readonly withBindings = false,
  ) {
    this.wheel = new DueWheel(nowMs());
  }

  /** Folds events of one stream. */
  apply(stream: string, events: readonly Recorded<{ type: string; data: object }>[]): void {
    if (stream.startsWith('timer-')) {
      const id = timerOfStream(stream);
      for (const recorded of events) this.applyTimer(id, recorded as Recorded<TimerEvent>);
    } else if (this.withBindings) {
      this.applyBindings(stream, events as readonly Recorded<BindingEvent>[]);
    }
  }

  /** Hands over what is due, at most `max` of it. It is in no wheel then: whoever gets it places it again, or the log does. */
  take(due: (node: Due) => void, max: number): void {
    this.wheel.advance(this.nowMs(), due, max);
  }

  nextMs(): number | undefined {
    return this.wheel.nextMs();
  }

  /** Places it, unless it is gone by now. */
  placeAt(node: Due, dueMs: number): void {
    const held = node.kind === 'timer' ? this.timers.get(node.id) : this.bindings.get(node.aor);
    if (held !== node) return;
    this.wheel.place(node, dueMs);
    this.onSooner?.(dueMs);
  }

  /** A router has been told of what lapsed by then: the rest of its bindings wait on. */
  expired(node: BindingNode, nowMs: number): void {
    if (this.bindings.get(node.aor) !== node) return;
    node.forgetLapsed(nowMs);
    if (node.isEmpty) this.bindings.delete(node.aor);
    else this.placeAt(node, node.expiresMs());
  }

  /** A row of a snapshot. */
  restore(id: string, timer: RunningTimer): void {
    this.put(id, this.compact(timer));
  }

  restoreBindings(node: BindingNode): void {
    this.bindings.set(node.aor, node);
    this.wheel.place(node, node.expiresMs());
  }

  clear(): void {
    for (const node of [...this.timers.values(), ...this.bindings.values()]) this.wheel.remove(node);
    for (const map of [this.timers, this.bindings, this.letters, this.ended, this.tags]) map.clear();
  }

  private applyTimer(id: string, recorded: Recorded<TimerEvent>): void {
    this.events++;
    if (this.ended.size > 0 && this.events % ENDED_LOOKS === 0) this.forgetEnded();
    const { event } = recorded;
    if (event.type === 'CallbackFailed') this.addLetter(id, recorded.position, event.data);
    if (event.type === 'DeadLetterResolved') this.letters.delete(letterKey(id, event.data));
    const node = this.timers.get(id);
    const before = node?.timer ?? this.ended.get(id);
    const after = evolveTimer(before, recorded);
    if (after === before) return;
    if (isRunning(after)) {
      this.ended.delete(id);
      this.put(id, event.type === 'TimerSet' ? this.compact(after) : after);
    } else if (after !== undefined) this.end(id, node, after);
  }

  private put(id: string, timer: RunningTimer): void {
    let node = this.timers.get(id);
    if (node === undefined) {
      const own = flat(id);
      node = new TimerNode(own, timer);
      this.timers.set(own, node);
      this.count(timer, 1);
    } else {
      if (node.timer.tags !== timer.tags) {
        this.count(node.timer, -1);
        this.count(timer, 1);
      }
      const { sequence, setAt } = node.timer;
      const isSame = sequence === timer.sequence && comparePositions(setAt, timer.setAt) === 0;
      node.timer = timer;
      // Told again in full: it waits where it waits, or its callback is under way.
      if (isSame) return;
      node.tries = 0;
    }
    const dueMs = dueMsOf(timer, nextSequence(timer));
    this.wheel.place(node, dueMs);
    this.onSooner?.(dueMs);
  }

  private end(id: string, node: TimerNode | undefined, ended: EndedTimer): void {
    if (node !== undefined) {
      this.wheel.remove(node);
      this.timers.delete(id);
      this.count(node.timer, -1);
    }
    if (ended.rememberUntilMs > 0) this.ended.set(id, ended);
    else this.ended.delete(id);
  }

  private applyBindings(stream: string, events: readonly Recorded<BindingEvent>[]): void {
    const aor = stream.slice(stream.indexOf('-') + 1);
    const known = this.bindings.get(aor);
    const node = known ?? new BindingNode(aor);
    for (const recorded of events) foldBindings(node, recorded);
    if (node.isEmpty) {
      if (known === undefined) return;
      this.wheel.remove(known);
      this.bindings.delete(aor);
      return;
    }
    if (known === undefined) this.bindings.set(aor, node);
    const dueMs = node.expiresMs();
    if (isPlaced(node) && node.dueMs === dueMs) return;
    this.wheel.place(node, dueMs);
    this.onSooner?.(dueMs);
  }

  private addLetter(timer: string, at: Position, data: CallbackFailed['data']): void {
    const known = this.timers.get(timer)?.timer.at;
    // Told before the row was kept: the letter was too, or it is resolved.
    if (known !== undefined && comparePositions(at, known) <= 0) return;
    this.letters.set(letterKey(timer, data), { ...data, timer });
    const [oldest] = this.letters.keys();
    if (this.letters.size > DEAD_LETTERS_MAX && oldest !== undefined) this.letters.delete(oldest);
  }

  private forgetEnded(): void {
    const nowMs = this.nowMs();
    for (const [id, { rememberUntilMs }] of this.ended) if (rememberUntilMs < nowMs) this.ended.delete(id);
  }

  private count({ tags }: RunningTimer, by: 1 | -1): void {
    for (const { type, count } of tags) {
      const name = this.tags.has(type) || this.tags.size < TAGS_MAX ? type : OTHER_TAGS;
      this.tags.set(name, (this.tags.get(name) ?? 0) + by * count);
    }
  }

  private compact(timer: RunningTimer): RunningTimer {
    return { ...timer, uri: this.once(timer.uri), tags: this.onceTags(timer.tags) };
  }

  private onceTags(tags: readonly TimerTag[]): readonly TimerTag[] {
    if (tags.length === 0) return NO_TAGS;
    const name = tags.map(({ type, count }) => `${type} ${count}`).join();
    const kept = this.tagLists.get(name);
    if (kept !== undefined) return kept;
    if (this.tagLists.size >= TEXTS_MAX) this.tagLists.clear();
    this.tagLists.set(name, tags);
    return tags;
  }

  private once(text: string): string {
    const kept = this.texts.get(text);
    if (kept !== undefined) return kept;
    if (this.texts.size >= TEXTS_MAX) this.texts.clear();
    this.texts.set(text, text);
    return text;
  }
}

const NO_TAGS: readonly TimerTag[] = [];

/** A text of its own: a part of a longer one keeps the whole of that. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** Texts that equal ones are looked for among; then anew. */
const TEXTS_MAX = 1_000;
