// Tells watchers of registrations what the log tells (RFC 3680, RFC 6665 §4.2.2). A document's numbers are appended before it is
// sent, and it is sent by whoever finds its own event to be the first of that version as the log comes back: numbers of a watcher rise by
// one whichever routers live, and each is sent once. Fed by the log's consumer (log-consumer.ts), in the log's order.
import { comparePositions, type Position, type Recorded } from '#libs/decider';
import {
  decideSubscription,
  type Registration,
  type RegistrationEvent,
  streamOfRegistration,
  type SubscriptionAdded,
  type SubscriptionEnd,
  type SubscriptionNotified,
  type SubscriptionRefreshed,
} from '#libs/domain';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { DestinationQueues } from './destination-queues.js';
import { LooksBySecond } from './looks-by-second.js';
import { notifyTarget, notifyText } from './notify-request.js';
import { WatchedRegistration, type Watcher } from './watched-registration.js';

/** Events of one registration that wait while its row is read; beyond it the row is read anew. */
const UNREAD_EVENTS_MAX = 1_000;
/** After a fault of the log, of the store, or of the way to the watcher. */
const RETRY_MS = 5_000;
/** Sendings in a row that found no way; then the subscription is as dead as one that does not answer. */
const SENDINGS_MAX = 4;

/** The answer to a SUBSCRIBE goes first: a watcher may not know its dialog before (RFC 6665 §4.1.2.4 has it wait; not all do). */
const ANSWER_FIRST_MS = 20;

const STREAM_PREFIX = streamOfRegistration('');

/** A registration that is watched; without `known` while its row is read, and what came meanwhile. */
type Watched = {
  readonly stream: string;
  known: WatchedRegistration | undefined;
  unread: Recorded<RegistrationEvent>[];
  /** More came than is kept: the row that is being read is too old. */
  isBehind: boolean;
};

export type NotifierPorts = Pick<
  SproutPorts,
  'log' | 'outage' | 'registrations' | 'clock' | 'run' | 'observer' | 'endpoint' | 'ownership'
>;

export class Notifier {
  /** By stream. Empty where nobody watches: then an event costs one look at this. */
  readonly #watched = new Map<string, Watched>();
  readonly #queues: DestinationQueues;
  /** Of which the log has told something since `settled`. */
  readonly #touched = new Set<Watched>();
  /** To be looked at again after a fault. */
  readonly #again = new Set<Watched>();
  #againTimer: (() => void) | undefined;
  /** Subscriptions lapse by time: each registration waits for the next of its own. */
  readonly #looks: LooksBySecond<Watched>;
  #isStopped = false;

  constructor(
    private readonly ports: NotifierPorts,
    private readonly settings: Pick<SproutSettings, 'scscfUri'>,
  ) {
    this.#queues = new DestinationQueues(ports.clock);
    this.#looks = new LooksBySecond(ports.clock, (due) => this.#goOn(due));
  }

  /** Registrations that are watched, for metrics. */
  get size(): number {
    return this.#watched.size;
  }

  /** Begins with a row as it is at a start: each of its watchers gets full state with its next numbers. */
  begin(aor: string, row: Registration): void {
    if (row.subscriptions === undefined) return;
    const stream = streamOfRegistration(aor);
    const { ownership } = this.ports;
    if (!ownership.owns(stream)) return;
    // Where others run they go on telling: a start is no news to anybody.
    this.#learn(this.#watch(stream), row, newestOf(row), !ownership.isShared);
  }

  /** Takes an event as the log delivers it; those of one append belong together, and so nothing comes of it before `settled`. */
  noticed(recorded: Recorded<RegistrationEvent>): void {
    const { stream, event } = recorded;
    let watched = this.#watched.size === 0 ? undefined : this.#watched.get(stream);
    if (watched === undefined) {
      if (!isSubscription(event) || !this.ports.ownership.owns(stream)) return;
      watched = this.#watch(stream);
      const unread = watched;
      this.ports.clock.after(ANSWER_FIRST_MS, () => void this.#read(unread, recorded.position));
    }
    if (watched.known !== undefined) return this.#take(watched, watched.known, recorded);
    watched.unread.push(recorded);
    if (watched.unread.length <= UNREAD_EVENTS_MAX) return;
    watched.unread = [];
    watched.isBehind = true;
  }

  /** All that the log had to tell now has been taken. */
  settled(): void {
    if (this.#touched.size === 0) return;
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const watched of touched) this.#goOn(watched);
  }

  stop(): void {
    this.#isStopped = true;
    this.#againTimer?.();
    this.#looks.stop();
  }

  #watch(stream: string): Watched {
    const watched: Watched = { stream, known: undefined, unread: [], isBehind: false };
    this.#watched.set(stream, watched);
    return watched;
  }

  async #read(watched: Watched, position: Position): Promise<void> {
    if (this.#isStopped) return;
    try {
      const row = await this.ports.registrations.load(watched.stream.slice(STREAM_PREFIX.length));
      if (!watched.isBehind) return this.#learn(watched, row, position, true);
      watched.isBehind = false;
      void this.#read(watched, position);
    } catch (error) {
      this.ports.observer.fault('reg-event', error);
      this.ports.clock.after(RETRY_MS, () => void this.#read(watched, position));
    }
  }

  #learn(watched: Watched, row: Registration, position: Position, isDue: boolean): void {
    const aor = watched.stream.slice(STREAM_PREFIX.length);
    const known = new WatchedRegistration(aor, row, position, this.ports.run(), isDue);
    watched.known = known;
    for (const recorded of watched.unread.splice(0)) known.take(recorded, this.ports.clock.nowMs());
    this.#goOn(watched);
  }

  #take(watched: Watched, known: WatchedRegistration, recorded: Recorded<RegistrationEvent>): void {
    if (!known.take(recorded, this.ports.clock.nowMs())) return;
    const { event, position } = recorded;
    if (event.type === 'SubscriptionNotified') this.#numberTaken(watched, known, event, position);
    const asking = isSubscription(event) ? known.watchers.get(event.data.subscriptionId) : undefined;
    // Refreshed while its end is written it goes on, and its refresh waits to be told: the log will not take it away.
    if (asking?.phase === 'idle' || asking?.phase === 'ending') {
      asking.phase = 'again';
      this.ports.clock.after(ANSWER_FIRST_MS, () => {
        if (asking.phase === 'again') asking.phase = 'idle';
        this.#goOn(watched);
      });
    }
    this.#touched.add(watched);
  }

  /** Whatever is due for whoever is not busy. */
  #goOn(watched: Watched): void {
    const { known } = watched;
    if (known === undefined || this.#isStopped) return;
    if (known.watchers.size === 0) {
      this.#looks.delete(watched);
      // One that is looked at again when it is over already may have a successor.
      if (this.#watched.get(watched.stream) === watched) this.#watched.delete(watched.stream);
      return;
    }
    const nowMs = this.ports.clock.nowMs();
    for (const watcher of known.watchers.values()) {
      if (watcher.phase !== 'idle') continue;
      const isDue = watcher.isFullDue || watcher.changes.size > 0;
      if (watcher.silentEnd !== undefined) this.#end(watched, known, watcher, watcher.silentEnd);
      else if (isDue || known.endOf(watcher.id, nowMs) !== undefined) this.#enter(watched, known, watcher);
    }
    this.#looks.set(watched, known.nextEndMs());
  }

  /** Waits for its turn at the destination: what happens until then is told in the one document. */
  #enter(watched: Watched, known: WatchedRegistration, watcher: Watcher): void {
    const subscription = known.entry(watcher.id)?.subscription;
    if (subscription === undefined) return;
    watcher.phase = 'busy';
    const isIn = this.#queues.enter(notifyTarget(subscription), (leave) =>
      this.#number(watched, known, watcher, leave),
    );
    if (!isIn) this.#later(watched, watcher);
  }

  /** Appends the numbers; what comes of it the log tells (`#numberTaken`). */
  #number(watched: Watched, known: WatchedRegistration, watcher: Watcher, leave: () => void): void {
    const { log, outage, observer, clock } = this.ports;
    const numbered = watcher.silentEnd === undefined ? known.next(watcher, clock.nowMs()) : undefined;
    if (numbered === undefined || this.#isStopped) {
      watcher.phase = 'idle';
      leave();
      if (watcher.silentEnd !== undefined) this.#goOn(watched);
      return;
    }
    const own = { ...numbered, leave };
    watcher.numbered = own;
    log.append(watched.stream, [numbered.event]).then(
      () => outage.taken(),
      (error: unknown) => {
        outage.failed(error);
        observer.fault('reg-event', error);
        leave();
        if (watcher.numbered !== own) return;
        this.#later(watched, watcher);
      },
    );
  }

  /** A document of this version is the first in the log: ours is sent, another router's is not ours to send. */
  #numberTaken(
    watched: Watched,
    known: WatchedRegistration,
    { data }: SubscriptionNotified,
    position: Position,
  ): void {
    const watcher = known.watchers.get(data.subscriptionId);
    const notified = known.entry(data.subscriptionId)?.notified;
    const numbered = watcher?.numbered;
    if (watcher === undefined || notified === undefined || comparePositions(notified.at, position) !== 0)
      return;
    if (data.by !== this.ports.run()) known.toldByAnother(watcher, data.upTo);
    if (numbered === undefined) return;
    watcher.numbered = undefined;
    if (data.by === this.ports.run()) return this.#send(watched, known, watcher, numbered);
    numbered.leave();
    watcher.phase = 'idle';
  }

  #send(
    watched: Watched,
    known: WatchedRegistration,
    watcher: Watcher,
    { event: { data }, text, leave }: NonNullable<Watcher['numbered']>,
  ): void {
    const { clock, observer, endpoint } = this.ports;
    const subscription = known.entry(watcher.id)?.subscription;
    if (subscription === undefined) return leave();
    const { isRejected } = known;
    const own = { contact: this.settings.scscfUri, nowMs: clock.nowMs(), isRejected };
    const request = notifyText(subscription, data, own, text);
    const answered = (status: number): void => {
      leave();
      this.#answered(watched, known, watcher, data.ends, status);
    };
    observer.count('notify');
    try {
      endpoint().request(
        request,
        { kind: 'uri', uri: notifyTarget(subscription), listener: 'scscf' },
        {
          response: ({ status }) => (status < 200 ? undefined : answered(status)),
          failed: answered,
        },
      );
    } catch (error) {
      // What a client wrote into its Contact or Record-Route does not make a request.
      observer.fault('reg-event', error);
      answered(400);
    }
  }

  #answered(
    watched: Watched,
    known: WatchedRegistration,
    watcher: Watcher,
    ends: SubscriptionEnd | undefined,
    status: number,
  ): void {
    watcher.phase = 'idle';
    const isAccepted = status < 300;
    if (isAccepted) watcher.failures = 0;
    // RFC 6665 §4.2.2: 5xx is a fault on the way, or one that passes; whoever answers anything else, or nothing, does not watch.
    else if (ends === undefined && status >= 500 && status < 600 && ++watcher.failures < SENDINGS_MAX)
      return this.#later(watched, watcher);
    else ends ??= 'failed';
    if (ends === undefined) this.#goOn(watched);
    else this.#end(watched, known, watcher, ends);
  }

  #end(watched: Watched, known: WatchedRegistration, watcher: Watcher, cause: SubscriptionEnd): void {
    const { log, outage, observer } = this.ports;
    const upTo = known.entry(watcher.id)?.at;
    if (upTo === undefined || this.#isStopped) return;
    const data = { subscriptionId: watcher.id, cause, upTo };
    const events = decideSubscription(known.registration, { type: 'EndSubscription', data });
    if (events.length === 0) return;
    // Until the log tells that it is removed nothing is told any more: it has been told that it is over.
    watcher.phase = 'ending';
    observer.count(cause === 'failed' ? 'watcher-lost' : 'subscription-ended');
    log.append(watched.stream, events).then(
      () => outage.taken(),
      (error: unknown) => {
        outage.failed(error);
        observer.fault('reg-event', error);
        if (watcher.phase === 'ending') this.#later(watched, watcher);
      },
    );
  }

  /** Another try with full state: nobody knows what the watcher has. */
  #later(watched: Watched, watcher: Watcher): void {
    watcher.numbered = undefined;
    watcher.phase = 'again';
    watcher.isFullDue = true;
    this.#again.add(watched);
    if (this.#isStopped) return;
    this.#againTimer ??= this.ports.clock.after(RETRY_MS, () => {
      this.#againTimer = undefined;
      const all = [...this.#again];
      this.#again.clear();
      for (const each of all) this.#retry(each);
    });
  }

  #retry(watched: Watched): void {
    for (const watcher of watched.known?.watchers.values() ?? [])
      if (watcher.phase === 'again') watcher.phase = 'idle';
    this.#goOn(watched);
  }
}

const isSubscription = (event: RegistrationEvent): event is SubscriptionAdded | SubscriptionRefreshed =>
  event.type === 'SubscriptionAdded' || event.type === 'SubscriptionRefreshed';

/** The newest event that the row knows of. */
const newestOf = ({ entries, watermark, subscriptions }: Registration): Position => {
  const positions = [...Object.values(entries), ...Object.values(subscriptions ?? {})].map(({ at }) => at);
  if (watermark !== undefined) positions.push(watermark.at);
  return positions.reduce((newest, each) => (comparePositions(each, newest) > 0 ? each : newest));
};
