// Bindings that lapse: armed from rows and from the log, popped into events that say so (docs/architecture.md §5, Timer).
// One timer an AoR at its next expiry; a pop that finds nothing lapsed does nothing. While the log is down nobody expires.
import type { Recorded } from '#libs/decider';
import {
  type Binding,
  nextExpiryMs,
  type Registration,
  type RegistrationEvent,
  streamOfRegistration,
} from '#libs/domain';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { updateRegistration } from './update-registration.js';

const STREAM_PREFIX = streamOfRegistration('');
/** How often the due list is looked at. */
const SWEEP_MS = 500;
/** AoRs expired in one look; the rest waits for the next, so that a mass lapse does not starve calls. */
const SWEEP_MAX = 1_000;
/** Expired at the same time, so that they share commits of the log. */
const SWEEP_TOGETHER = 50;
const RETRY_AFTER_FAULT_MS = 5_000;

/** The binding's own text of it, where it is there: one that was cut from the stream's name is one more, and keeps that. */
const aorOf = (stream: string, { identities: [first] }: Binding): string =>
  first !== undefined && stream.length === STREAM_PREFIX.length + first.length && stream.endsWith(first)
    ? first
    : stream.slice(STREAM_PREFIX.length);

export type ExpiryPorts = Pick<
  SproutPorts,
  'log' | 'outage' | 'registrations' | 'homestead' | 'clock' | 'observer'
>;

/** Removes what has lapsed by now, and tells Homestead when nothing is left. Rejects with what the log or the view says. */
export const expireBindings = async (
  ports: ExpiryPorts,
  settings: Pick<SproutSettings, 'scscfUri'>,
  aor: string,
  onRow: (after: Registration) => void = () => undefined,
): Promise<void> => {
  const { clock, observer, homestead, registrations } = ports;
  const { after, changed } = await updateRegistration(ports, aor, {
    type: 'ExpireBindings',
    data: { nowMs: clock.nowMs() },
  });
  onRow(after);
  if (!changed) return;
  observer.count('expired');
  // Read again: a phone may have come back while the removal was written.
  if (nextExpiryMs(await registrations.load(aor)) !== undefined) return;
  await homestead
    .regData(aor, { reqtype: 'dereg-timeout', serverName: settings.scscfUri })
    .catch((error: unknown) => observer.fault('homestead-dereg', error));
};

/** Expires bindings of every AoR it has been told of. */
export class RegistrationExpiry {
  /** AoR → when to look at it. Never later than its next expiry, never two entries an AoR. */
  readonly #dueAtMs = new Map<string, number>();
  /** Whole seconds → AoRs due then; an AoR re-armed since is skipped. */
  readonly #bySecond = new Map<number, string[]>();
  #nextSecond = 0;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly ports: ExpiryPorts,
    private readonly settings: Pick<SproutSettings, 'scscfUri'>,
  ) {}

  /** Takes note of events as the log delivers them. An earlier pop that finds a refreshed row arms itself again. */
  noticed(events: readonly Recorded<RegistrationEvent>[]): void {
    for (const { event, stream } of events) {
      if (event.type !== 'BindingAdded' && event.type !== 'BindingRefreshed') continue;
      this.#armEarlier(aorOf(stream, event.data), event.data.expiresAtMs);
    }
  }

  /** Arms (or re-arms) an AoR by its row: for every row at start, and after a pop. */
  watch(aor: string, row: Registration): void {
    const nextMs = nextExpiryMs(row);
    if (nextMs === undefined) this.#dueAtMs.delete(aor);
    else this.#arm(aor, nextMs);
  }

  start(): void {
    this.#begin();
    this.#cancel = this.ports.clock.after(
      SWEEP_MS,
      () => void this.#sweep().finally(() => this.#cancel && this.start()),
    );
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Looks at what is due now; for simulations and tests without the timer too. */
  async #sweep(): Promise<void> {
    const nowMs = this.ports.clock.nowMs();
    let left = this.ports.outage.expiriesMax(nowMs, SWEEP_MAX);
    if (left === 0) return;
    const together: Promise<void>[] = [];
    for (let second = this.#nextSecond; second * 1000 + 1000 <= nowMs && left > 0; second++) {
      const aors = this.#bySecond.get(second) ?? [];
      while (aors.length > 0 && left > 0) {
        const aor = aors.pop()!;
        if ((this.#dueAtMs.get(aor) ?? Infinity) > nowMs) continue;
        left--;
        together.push(this.#expire(aor));
        if (together.length >= SWEEP_TOGETHER) await Promise.all(together.splice(0));
      }
      if (aors.length > 0) break;
      this.#bySecond.delete(second);
      this.#nextSecond = second + 1;
    }
    await Promise.all(together);
  }

  /** Rows are armed before the timer starts: what lapsed while nothing ran belongs to the first second that is looked at. */
  #begin(): void {
    this.#nextSecond ||= Math.floor(this.ports.clock.nowMs() / 1000);
  }

  #arm(aor: string, atMs: number): void {
    this.#begin();
    if (this.#dueAtMs.get(aor) === atMs) return;
    this.#dueAtMs.set(aor, atMs);
    const second = Math.max(Math.floor(atMs / 1000), this.#nextSecond);
    const aors = this.#bySecond.get(second);
    if (aors === undefined) this.#bySecond.set(second, [aor]);
    else aors.push(aor);
  }

  async #expire(aor: string): Promise<void> {
    const { clock, observer } = this.ports;
    // Before anything is awaited: what the log tells meanwhile arms itself.
    this.#dueAtMs.delete(aor);
    try {
      await expireBindings(this.ports, this.settings, aor, (after) => {
        const nextMs = nextExpiryMs(after);
        if (nextMs !== undefined) this.#armEarlier(aor, nextMs);
      });
    } catch (error) {
      observer.fault('expiry', error);
      this.#armEarlier(aor, clock.nowMs() + RETRY_AFTER_FAULT_MS);
    }
  }

  #armEarlier(aor: string, atMs: number): void {
    if ((this.#dueAtMs.get(aor) ?? Infinity) > atMs) this.#arm(aor, atMs);
  }
}
