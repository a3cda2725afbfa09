// Sends what the charging sessions have to tell, and tells the log what became of it (docs/architecture.md §2, Own). What is sent is in the log
// before, so a record is the same whoever sends it; a session's records go one after the other, each once its predecessor's answer is durable;
// one that no CDF takes holds its own session only. Time's part (INTERIMs, sessions that nobody ended) is appended first and sent when it comes back.
import { comparePositions } from '#libs/decider';
import { type ChargingEvent, type ChargingRow, type ChargingTimes, decideDue, dueMsOfCharging } from '#libs/domain'; // prettier-ignore
import type { EventLog, PartitionOwners } from '#libs/event-log';
import type { Clock, Random } from '#libs/runtime';
import type { ChargingSessions } from '#projections/charging-sessions';
import { DueWheel } from '#projections/timers-due';
import { Destinations } from './destinations.js';
import { createWork, isFree, type Work } from './work.js';
import type { RfAnswer, RfClient } from './rf-client.js';

/** Taken from the wheel before the event loop turns. */
const PORTION_MAX = 1_000;
/** The wheel is looked at no less often. */
const LOOK_MS_MAX = 1_000;
/** After a partition came here its former owner may have had a request under way. */
export const SETTLE_MS = 500;
/** Clocks of nodes differ: what was logged so shortly after a partition came here may have been sent by its former owner. */
export const SKEW_MS = 5_000;
/** Pauses between tries of one record, doubled up to the longest, ± a fifth. */
const [BACK_OFF_MS, BACK_OFF_MS_MAX, BACK_OFF_SPREAD] = [1_000, 300_000, 0.2];
/** What the log did not take is written again after this. */
export const RECORD_AGAIN_MS = 1_000;
/** What the view did not catch up with is asked for again after this. */
const CATCH_UP_AGAIN_MS = 1_000;
/** What was decided and has not come back from the log is decided again; the second is nothing then. */
const DECIDE_AGAIN_MS = 30_000;

/** Which record of which session. */
type Which = Pick<Extract<ChargingEvent, { type: 'AccountingAnswered' }>['data'], 'of' | 'record'>;

export interface AccountantObserver {
  /** The log did not take what became of a record. */
  notRecorded(error: unknown): void;
  /** It could not be sent for a reason of ours. */
  defect(stream: string, error: unknown): void;
  /** A CDF will never take it. */
  refused(stream: string, result: number): void;
}

export type AccountantPorts = Readonly<{
  sessions: ChargingSessions;
  /** Resolves when what the log holds by now is folded. */
  caughtUp: () => Promise<void>;
  log: Pick<EventLog, 'append'>;
  owners: PartitionOwners;
  rf: RfClient;
  clock: Clock;
  random: Random;
  times: ChargingTimes;
  /** Requests under way to one list of CDFs. */
  window: number;
  observe: AccountantObserver;
}>;

export interface Accountant {
  start(): void;
  /** Sends nothing more; what is under way goes on. */
  stop(): void;
  /** Requests under way, and answers that the log does not have yet. */
  readonly pending: number;
}

const isWaiting = (row: ChargingRow | undefined, { of, record }: Which): boolean =>
  row?.waiting.some(({ session, number }) => number === record && comparePositions(session, of) === 0) ??
  false;

class LoggedAccountant implements Accountant {
  pending = 0;
  private readonly works = new Map<string, Work>();
  private readonly wheel: DueWheel<Work>;
  private readonly destinations: Destinations;
  /** Since when a partition is ours. */
  private readonly since = new Map<number, number>();
  private isRunning = false;
  /** The view took no more for a while, and has not come to the end of the log since. */
  private isBehind = false;
  private cancel: (() => void) | undefined;
  private unlisten: (() => void) | undefined;

  constructor(private readonly ports: AccountantPorts) {
    const { clock, rf, window } = ports;
    this.wheel = new DueWheel(clock.nowMs());
    this.destinations = new Destinations({ clock, rf, window, send: (work) => this.send(work) });
  }

  start(): void {
    const { sessions, owners } = this.ports;
    this.isRunning = true;
    sessions.onChange = (stream, row) => this.look(stream, row);
    this.unlisten = owners.onChange(({ gained, lost }) => {
      for (const partition of lost) this.since.delete(partition);
      this.lose();
      this.gain(gained);
    });
    this.turn();
  }

  stop(): void {
    this.isRunning = false;
    this.cancel?.();
    this.unlisten?.();
    this.destinations.stop();
    this.ports.sessions.onChange = undefined;
  }

  /** Not before all is folded that the former owner has said, and a moment more; one alone had no predecessor under way. */
  private gain(gained: readonly number[]): void {
    const { clock, sessions, owners, caughtUp } = this.ports;
    if (gained.length === 0) return;
    const take = (): void => {
      for (const partition of gained) if (owners.owns(partition)) this.since.set(partition, clock.nowMs());
      for (const [stream, row] of sessions.rows) this.look(stream, row);
    };
    if (owners.partitions === 1) return take();
    clock.after(SETTLE_MS, () => void Promise.race([caughtUp(), sessions.full]).then(take, take));
  }

  private lose(): void {
    for (const [stream, work] of this.works)
      if (!this.isOurs(stream)) {
        this.wheel.remove(work);
        this.works.delete(stream);
      }
  }

  private isOurs(stream: string): boolean {
    const { owners } = this.ports;
    const partition = owners.partitionOf(stream);
    return this.isRunning && this.since.has(partition) && owners.owns(partition);
  }

  /** A row has changed, or its work is free again. */
  private look(stream: string, row: ChargingRow | undefined): void {
    const known = this.works.get(stream);
    if (row === undefined || !this.isOurs(stream)) {
      if (known !== undefined) this.wheel.remove(known);
      this.works.delete(stream);
      return;
    }
    const work = known ?? createWork(stream);
    if (known === undefined) this.works.set(stream, work);
    const [next] = row.waiting;
    if (next !== undefined && isFree(work)) {
      work.state = 'queued';
      this.destinations.add(next.about.ccf, work);
    }
    this.placeDue(work, row);
  }

  private placeDue(work: Work, row: ChargingRow): void {
    const again = work.decided?.at === row.at ? work.decided.againMs : 0;
    const dueMs = Math.max(again, dueMsOfCharging(row, this.ports.times));
    const atMs = Math.min(dueMs, work.state === 'pausing' ? work.retryMs : Infinity);
    if (atMs === Infinity) return this.wheel.remove(work);
    this.wheel.place(work, atMs);
  }

  private turn(): void {
    const { clock, sessions } = this.ports;
    if (sessions.isFull) this.fallBehind();
    this.wheel.advance(clock.nowMs(), (work) => this.due(work), PORTION_MAX);
    if (!this.isRunning) return;
    const inMs = Math.min(LOOK_MS_MAX, (this.wheel.nextMs() ?? Infinity) - clock.nowMs());
    this.cancel = clock.after(Math.max(1, Math.ceil(inMs)), () => this.turn());
  }

  private due(work: Work): void {
    const { sessions, clock, times, owners } = this.ports;
    const row = sessions.rows.get(work.stream);
    if (sessions.isFull) this.fallBehind();
    if (row === undefined || !this.isOurs(work.stream)) return this.look(work.stream, row);
    const nowMs = clock.nowMs();
    if (work.state === 'pausing' && work.retryMs <= nowMs) work.state = 'free';
    const isAgain = work.decided?.at === row.at && work.decided.againMs > nowMs;
    const maySay = owners.isSure && !this.isBehind;
    const events = isAgain || !maySay ? [] : decideDue(row, times, Math.floor(nowMs));
    if (events.length > 0) this.decide(work, row, events);
    else if (!isAgain && !maySay) work.decided = { at: row.at, againMs: nowMs + LOOK_MS_MAX };
    this.look(work.stream, row);
  }

  /** What a session has told since, its end even, may stand where the view has not come yet: time decides nothing before it has. */
  private fallBehind(): void {
    const { sessions, caughtUp, clock } = this.ports;
    if (this.isBehind) return;
    this.isBehind = true;
    const look = async (): Promise<void> => {
      for (
        ;
        this.isRunning;
        await new Promise<void>((resolve) => void clock.after(CATCH_UP_AGAIN_MS, resolve))
      ) {
        const isDone = await caughtUp().then(
          () => !sessions.isFull,
          () => false,
        );
        if (isDone) return void (this.isBehind = false);
      }
    };
    void look();
  }

  /** Appended first; it is sent when the log gives it back. */
  private decide(work: Work, row: ChargingRow, events: readonly ChargingEvent[]): void {
    const { log, clock, observe } = this.ports;
    work.decided = { at: row.at, againMs: clock.nowMs() + DECIDE_AGAIN_MS };
    this.pending++;
    log.append(work.stream, events).then(
      () => void this.pending--,
      (error: unknown) => {
        this.pending--;
        observe.notRecorded(error);
        if (work.decided?.at === row.at) work.decided = { at: row.at, againMs: clock.nowMs() + RECORD_AGAIN_MS }; // prettier-ignore
        this.look(work.stream, this.ports.sessions.rows.get(work.stream));
      },
    );
  }

  /** Resolves when the destination has room for another: once it has answered, or has not. `false`: it could not even be tried. */
  private async send(work: Work): Promise<boolean> {
    const { sessions, owners, rf } = this.ports;
    const { stream } = work;
    // The partition was away, and came back with another.
    if (this.works.get(stream) !== work) return true;
    const record = sessions.rows.get(stream)?.waiting[0];
    if (record === undefined || !this.isOurs(stream)) {
      work.state = 'free';
      this.look(stream, sessions.rows.get(stream));
      return true;
    }
    if (!owners.isSure) return false;
    const key = `${record.session.generation}.${record.session.offset}.${record.number}`;
    if (work.record !== key) Object.assign(work, { record: key, tries: 0, mayBeDone: false });
    const since = this.since.get(owners.partitionOf(stream)) ?? Infinity;
    const isOlder = record.loggedMs < since + (owners.partitions === 1 ? 0 : SKEW_MS);
    work.state = 'sending';
    this.pending++;
    const outcome = await rf
      .send(record, work.mayBeDone || isOlder, () => this.isOurs(stream))
      .catch((error: unknown) => {
        // A defect holds up this session, and not the process.
        this.ports.observe.defect(stream, error);
        return { kind: 'unanswered', mayBeDone: true, isTried: true } as const;
      });
    this.pending--;
    if (outcome.kind === 'answered') {
      void this.record(work, { of: record.session, record: record.number }, outcome);
      return true;
    }
    work.mayBeDone ||= outcome.mayBeDone;
    if (!outcome.isTried) {
      work.state = 'queued';
      return false;
    }
    this.pause(work);
    return true;
  }

  private pause(work: Work): void {
    const { clock, random, sessions } = this.ports;
    const spread = 1 + BACK_OFF_SPREAD * (2 * random.fraction() - 1);
    work.retryMs = clock.nowMs() + Math.min(BACK_OFF_MS * 2 ** Math.min(work.tries, 20), BACK_OFF_MS_MAX) * spread;
    work.tries++;
    work.state = 'pausing';
    this.look(work.stream, sessions.rows.get(work.stream));
  } // prettier-ignore

  /** Until the log has it: the next record of the session waits for that. After a crash before, the same is sent again with the T flag. */
  private async record(
    work: Work,
    which: Which,
    { result, cdf, digest, retransmitted, interimS }: RfAnswer,
  ): Promise<void> {
    const { log, clock, sessions, observe } = this.ports;
    const { stream } = work;
    work.state = 'recording';
    if (result >= 3000) observe.refused(stream, result);
    const every = interimS === undefined ? {} : { interimS };
    const data = { ...which, result, cdf, digest, retransmitted, ...every, atMs: Math.floor(clock.nowMs()) };
    this.pending++;
    for (;;) {
      try {
        await log.append(stream, [{ type: 'AccountingAnswered', data }]);
        break;
      } catch (error) {
        observe.notRecorded(error);
        if (!this.isRunning) break;
        await new Promise<void>((resolve) => void clock.after(RECORD_AGAIN_MS, resolve));
        // It was unknown, and has come.
        if (!isWaiting(sessions.rows.get(stream), which)) break;
      }
    }
    this.pending--;
    work.state = 'free';
    if (!this.isRunning) return;
    sessions.settle(stream, which.of, which.record);
    this.look(stream, sessions.rows.get(stream));
  }
}

export const createAccountant = (ports: AccountantPorts): Accountant => new LoggedAccountant(ports);
