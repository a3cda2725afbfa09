// The parked streams of one projection: bounded, counted, kept in its ledger before the view's checkpoint moves past them.
// Written by projector.ts; its list is what an operator is shown.
import { comparePositions, type Position } from '#libs/decider';
import type { RecordedEvent } from '#libs/event-log';
import type { ParkedStream, ProjectionLedger } from './projection-ledger.js';

/** Parked events of one projection; beyond it the projector stops, since its view is no longer the log's truth. */
export const PARKED_EVENTS_MAX = 10_000;

export class ParkingFull extends Error {}

export class Parking {
  private readonly streams = new Map<string, ParkedStream>();
  private count = 0;

  constructor(
    private readonly ledger: ProjectionLedger,
    private readonly eventsMax: number,
  ) {}

  get events(): number {
    return this.count;
  }

  list(): readonly ParkedStream[] {
    return [...this.streams.values()];
  }

  has(stream: string): boolean {
    return this.streams.has(stream);
  }

  get(stream: string): ParkedStream | undefined {
    return this.streams.get(stream);
  }

  /** Why an event has to wait: others of its stream stand in line, and it does not come before them. */
  reasonFor({ stream, position }: RecordedEvent): string | undefined {
    if (this.streams.size === 0) return undefined;
    const parked = this.streams.get(stream);
    const first = parked?.positions[0];
    return first && comparePositions(position, first) >= 0 ? parked.reason : undefined;
  }

  load(parked: readonly ParkedStream[]): void {
    for (const entry of parked) this.set(entry);
  }

  /** Puts events of one stream at the end of its line; those that stand there already stay where they are. */
  async add(stream: string, events: readonly RecordedEvent[], reason: string, nowMs: number): Promise<void> {
    const before = this.streams.get(stream);
    const there = new Set(before?.positions.map(positionKey));
    const added = events
      .map(({ position }) => position)
      .filter((position) => !there.has(positionKey(position)));
    if (added.length === 0) return;
    if (this.count + added.length > this.eventsMax) {
      throw new ParkingFull(`${this.count} events are parked and ${added.length} more would be: ${reason}`);
    }
    const parked = before
      ? { ...before, positions: [...before.positions, ...added] }
      : { stream, reason, sinceMs: nowMs, positions: added };
    await this.ledger.park(parked);
    this.set(parked);
  }

  /** Takes the first events of a line out of it; none left: the stream goes on as usual. */
  async leave(stream: string, count: number, reason?: string): Promise<void> {
    const before = this.streams.get(stream);
    if (!before) return;
    const after = { ...before, reason: reason ?? before.reason, positions: before.positions.slice(count) };
    if (after.positions.length > 0) {
      await this.ledger.park(after);
      this.set(after);
    } else {
      await this.ledger.release(stream);
      this.count -= before.positions.length;
      this.streams.delete(stream);
    }
  }

  async clear(): Promise<void> {
    for (const { stream, positions } of this.list()) await this.leave(stream, positions.length);
  }

  private set(parked: ParkedStream): void {
    this.count += parked.positions.length - (this.streams.get(parked.stream)?.positions.length ?? 0);
    this.streams.set(parked.stream, parked);
  }
}

/** A copied event's position is of another generation than its neighbours'. */
export const positionKey = ({ generation, partition, offset }: Position): string =>
  `${generation}/${partition}/${offset}`;
