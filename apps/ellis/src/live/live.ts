// What a number's owner sees of it now: devices, calls, ladders; and word of each change. The log is followed from when somebody first asks.
// Used by ellis.ts.
import type { CallEvent, RegistrationEvent } from '#libs/domain';
import type { EventLog, RecordedEvent, Subscription } from '#libs/event-log';
import type { Clock } from '#libs/runtime';
import type { RegistrationRows } from '#projections/registrations-by-aor';
import type { Call, Device, Ladder } from '../contract.js';
import { CallIndex } from './call-index.js';
import { devicesIn } from './devices.js';
import { ladderOf, servedIn } from './ladder.js';

/** Events of one call that a ladder shows. */
const LADDER_EVENTS_MAX = 500;
const REGISTRATION = 'registration-';

export type LivePorts = Readonly<{
  log: Pick<EventLog, 'read' | 'subscribe'>;
  registrations: Pick<RegistrationRows, 'load'>;
  clock: Clock;
  onFault: (error: unknown) => void;
}>;

/** A number, and since when it belongs to who looks: what was before is a former owner's. */
export type SeenLine = Readonly<{ number: string; sinceMs: number }>;

/** Told that something of the number changed. */
export type Watcher = Readonly<{ devices(): void; calls(): void }>;

export class Live {
  private readonly watchers = new Map<string, Set<Watcher>>();
  private readonly index = new CallIndex((number) => this.tell(number, 'calls'));
  private calling: Promise<Subscription> | undefined;
  private registering: Promise<Subscription> | undefined;
  private since = 0;
  /** Whole seconds, newest last: how many events came in each. */
  readonly rates = { registrations: 0, calls: 0 };
  private counted = { registrations: 0, calls: 0, second: 0 };

  constructor(private readonly ports: LivePorts) {}

  /** None that registered before `sinceMs`, and not again since: those are a former owner's. */
  async devices(number: string, sinceMs = 0): Promise<Device[]> {
    const { registrations, clock } = this.ports;
    return devicesIn(await registrations.load(number), clock.nowMs(), sinceMs);
  }

  /** Newest first; none that began before `sinceMs`: the number was another one's then. */
  async calls(number: string, limit: number, sinceMs = 0): Promise<Call[]> {
    await this.followCalls();
    return this.index.callsOf(number, limit, sinceMs);
  }

  /** The events of one call, oldest first. */
  async callEvents(id: string): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of this.ports.log.read(`call-${id}`)) {
      events.push(event);
      if (events.length >= LADDER_EVENTS_MAX) break;
    }
    return events;
  }

  /** As `number` may see it; undefined: no such call of it, or none since. */
  async ladder(id: string, { number, sinceMs }: SeenLine): Promise<Ladder | undefined> {
    const events = await this.callEvents(id);
    const isItsOwn = events.some(({ event }) => servedIn(event as CallEvent) === number);
    return isItsOwn && events[0]!.timeMs >= sinceMs ? ladderOf(id, events, number) : undefined;
  }

  async wholeLadder(id: string): Promise<Ladder | undefined> {
    return ladderOf(id, await this.callEvents(id), undefined);
  }

  /** Resolves when changes from now on are told; with what ends it. */
  async watch(number: string, watcher: Watcher): Promise<() => void> {
    await Promise.all([this.followCalls(), this.followRegistrations()]);
    const watchers = this.watchers.get(number) ?? new Set();
    this.watchers.set(number, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.watchers.delete(number);
    };
  }

  /** Registrations and calls of the last whole second, from when somebody first asks. */
  async figures(): Promise<Readonly<{ registrations: number; calls: number }>> {
    await Promise.all([this.followCalls(), this.followRegistrations()]);
    this.roll();
    return this.rates;
  }

  async stop(): Promise<void> {
    const running = await Promise.allSettled([this.calling, this.registering]);
    for (const one of running) if (one.status === 'fulfilled') await one.value?.stop();
  }

  private async followCalls(): Promise<void> {
    const { log, clock, onFault } = this.ports;
    this.since ||= clock.nowMs();
    this.calling ??= log.subscribe({
      topics: ['calls'],
      group: 'ellis-calls',
      startAt: 'oldest',
      onBatch: (events) => {
        for (const event of events) {
          const isNew = this.index.fold(event);
          if (isNew && event.timeMs >= this.since) this.count('calls');
        }
      },
      onFailure: (error) => {
        this.calling = undefined;
        onFault(error);
      },
    });
    // One that did not begin is begun again by the next who asks.
    this.calling.catch(() => (this.calling = undefined));
    await (await this.calling).caughtUp();
  }

  private async followRegistrations(): Promise<void> {
    this.registering ??= this.ports.log.subscribe({
      topics: ['registration'],
      group: 'ellis-registrations',
      startAt: 'newest',
      onBatch: (events) => {
        for (const event of events) {
          const { type } = event.event as RegistrationEvent;
          if (type === 'BindingAdded' || type === 'BindingRefreshed') this.count('registrations');
          this.tell(event.stream.slice(REGISTRATION.length), 'devices');
        }
      },
      onFailure: (error) => {
        this.registering = undefined;
        this.ports.onFault(error);
      },
    });
    this.registering.catch(() => (this.registering = undefined));
    await this.registering;
  }

  private count(what: 'registrations' | 'calls'): void {
    this.roll();
    this.counted[what]++;
  }

  private roll(): void {
    const second = Math.floor(this.ports.clock.nowMs() / 1_000);
    if (second === this.counted.second) return;
    const isNext = second === this.counted.second + 1;
    this.rates.registrations = isNext ? this.counted.registrations : 0;
    this.rates.calls = isNext ? this.counted.calls : 0;
    this.counted = { registrations: 0, calls: 0, second };
  }

  private tell(number: string, what: 'devices' | 'calls'): void {
    for (const watcher of this.watchers.get(number) ?? []) watcher[what]();
  }
}
