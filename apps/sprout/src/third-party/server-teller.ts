// Tells application servers of registrations, from the log (TS 24.229 §5.4.1.7): nobody's 200 OK waits for it. Of one registration a
// server is told the newest only, one REGISTER at a time; a server that fails ends the registration where its criterion says so.
// Fed by registrar/follow-log.ts, in the log's order.
import { comparePositions, type Position, type Recorded } from '#libs/decider';
import {
  evolveRegistration,
  isServerFault,
  liveBindings,
  type Registration,
  type RegistrationEvent,
  type ServerNews,
  streamOfRegistration,
  type ToldServer,
} from '#libs/domain';
import { hostPortOf } from '#libs/sip';
import { serverRoute } from '../isc/leaving-edits.js';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { DestinationQueues } from '../reg-event/destination-queues.js';
import { endRegistration } from '../registrar/end-registration.js';
import { newsName, thirdPartyRegister } from './register-request.js';

/** What a life before this one accepted so short before its end may not have been told: it is told (again). */
const UNTOLD_MS = 64_000;
/** A row that could not be read is read again after so long. */
const RETRY_MS = 5_000;
/** Servers that are being told, of all registrations; more are not, and counted as faults. */
export const TELLINGS_MAX = 200_000;

/** After a fault the end of a registration is tried again after so long, then after twice that, … */
const END_RETRY_MS_MIN = 1_000;
const END_RETRY_MS_MAX = 60_000;
/** Tries of one end, over a quarter of an hour: then the fault is counted, and the next REGISTER asks the server anew. */
const END_TRIES_MAX = 20;
/** Ends that wait for another try; more do not, and are counted as faults. */
const ENDINGS_MAX = 100_000;

/** Events of one registration that are kept while its row is read; later ones the row shows when it is read at last. */
const UNREAD_EVENTS_MAX = 1_000;

/** After these nothing may be bound any more. */
const ENDINGS: ReadonlySet<RegistrationEvent['type']> = new Set([
  'BindingRemoved',
  'AllBindingsRemoved',
  'RegistrationRejected',
]);

const STREAM_PREFIX = streamOfRegistration('');

export type TellerPorts = Pick<
  SproutPorts,
  'log' | 'outage' | 'registrations' | 'homestead' | 'clock' | 'observer' | 'endpoint' | 'ownership' | 'run'
>;

/** One piece of news for one server. `at`: of the event that it comes from. */
type Telling = Readonly<{ stream: string; at: Position; told: ToldServer; news: ServerNews; isEnd: boolean }>;

export class ServerTeller {
  /** Streams of which a server knows: ends of others are nobody's to hear. */
  readonly #known = new Set<string>();
  /** Stream → what the log has told since something ended: a row that is read may not show it yet. */
  readonly #unread = new Map<string, Recorded<RegistrationEvent>[]>();
  /** Stream and server → what comes after that which is under way; undefined: nothing. */
  readonly #underWay = new Map<string, Telling | undefined>();
  readonly #queues: DestinationQueues;
  /** Stream → news that keeps messages, and how many servers are still to be told of it. */
  readonly #messages = new Map<string, { readonly at: Position; left: number }>();
  /** Ends of registrations that wait for another try. */
  #ending = 0;
  #isStopped = false;

  constructor(
    private readonly ports: TellerPorts,
    private readonly settings: Pick<SproutSettings, 'scscfUri' | 'ownHosts' | 'regMaxExpiresS'>,
  ) {
    this.#queues = new DestinationQueues(ports.clock);
  }

  /** Begins with a row as it is at a start. */
  begin(aor: string, row: Registration): void {
    const { news } = row;
    const { ownership, clock } = this.ports;
    const stream = streamOfRegistration(aor);
    if (news === undefined || !ownership.owns(stream)) return;
    if (news.data.kind !== 'de-registration') this.#known.add(stream);
    if (ownership.isShared) return;
    if (!news.isTold && news.data.atMs + UNTOLD_MS > clock.nowMs())
      this.#tellAll(stream, news.at, news.data, false);
    this.#tellEnd(stream, row);
  }

  /** Takes events as the log delivers them. */
  noticed(recorded: Recorded<RegistrationEvent>): void {
    const { stream, event, position } = recorded;
    const unread = this.#unread.size === 0 ? undefined : this.#unread.get(stream);
    if (unread !== undefined && unread.length < UNREAD_EVENTS_MAX) unread.push(recorded);
    if (event.type === 'ThirdPartyRegistrationDue') {
      const { by, kind } = event.data;
      if (kind === 'de-registration') this.#known.delete(stream);
      else this.#known.add(stream);
      // Of several routers the one that answered the REGISTER.
      if (by === this.ports.run()) this.#tellAll(stream, position, event.data, false);
    } else if (unread === undefined && ENDINGS.has(event.type)) {
      if (this.#known.size === 0 || !this.#known.has(stream)) return;
      this.#unread.set(stream, [recorded]);
      void this.#readEnd(stream);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** A binding is gone: is the registration? By the row with what the log has told since, whoever has applied it yet. */
  async #readEnd(stream: string): Promise<void> {
    if (this.#isStopped) return;
    const { registrations, clock, observer } = this.ports;
    try {
      await new Promise<void>((resolve) => void clock.after(0, resolve));
      const row = await registrations.load(stream.slice(STREAM_PREFIX.length));
      const unread = this.#unread.get(stream) ?? [];
      this.#unread.delete(stream);
      this.#tellEnd(
        stream,
        unread.reduce((before, each) => evolveRegistration(before, each), row),
      );
    } catch (error) {
      observer.fault('third-party', error);
      clock.after(RETRY_MS, () => void this.#readEnd(stream));
    }
  }

  /** Nothing is bound any more, and no REGISTER said so. */
  #tellEnd(stream: string, row: Registration): void {
    const { news } = row;
    const { clock, ownership, run } = this.ports;
    if (news === undefined || news.data.kind === 'de-registration') return;
    if (liveBindings(row, clock.nowMs()).some(({ emergency }) => emergency !== true)) return;
    if (ownership.isShared && news.data.by !== run()) return;
    this.#known.delete(stream);
    this.#tellAll(stream, news.at, news.data, true);
  }

  #tellAll(stream: string, at: Position, news: ServerNews, isEnd: boolean): void {
    const all = news.servers.filter(({ atEnd, isDue }) => (isEnd ? atEnd : isDue));
    if (isEnd || (news.request ?? news.response) === undefined) this.#messages.delete(stream);
    else if (all.length > 0) this.#messages.set(stream, { at, left: all.length });
    for (const told of all) this.#tell({ stream, at, told, news, isEnd });
  }

  /** Now, or after what is under way to this server about this registration: the newest only. */
  #tell(telling: Telling): void {
    const key = keyOf(telling);
    if (this.#underWay.has(key)) {
      const next = this.#underWay.get(key);
      if (next === undefined || !isNewer(next, telling)) this.#underWay.set(key, telling);
      return;
    }
    if (this.#underWay.size >= TELLINGS_MAX) return this.#untold(telling);
    this.#underWay.set(key, undefined);
    const isIn = this.#queues.enter(hostPortOf(telling.told.server), (leave) => this.#send(telling, leave));
    if (isIn) return;
    this.#underWay.delete(key);
    this.#untold(telling);
  }

  #untold({ stream }: Telling): void {
    this.#messages.delete(stream);
    this.ports.observer.fault('third-party');
  }

  #send(first: Telling, leave: () => void): void {
    const key = keyOf(first);
    // What was to come after it is newer, and all that counts.
    const telling = this.#underWay.get(key) ?? first;
    this.#underWay.set(key, undefined);
    const { clock, observer, endpoint } = this.ports;
    const { told, news, at, stream, isEnd } = telling;
    const answered = (status: number): void => {
      leave();
      this.#answered(telling, status);
    };
    const target = serverRoute(told.server, this.settings.ownHosts);
    if (this.#isStopped || target === undefined) return answered(target === undefined ? 502 : 200);
    const isOver = isEnd || news.kind === 'de-registration';
    const expiresS = isOver ? 0 : Math.max(0, Math.ceil((news.expiresAtMs - clock.nowMs()) / 1000));
    const name = newsName(stream, at, isEnd ? 'end' : 'news', told.server);
    const { scscfUri } = this.settings;
    const text = thirdPartyRegister(told, news, { scscfUri, name, expiresS, isEnd });
    observer.count('third-party-register');
    try {
      const hop = { kind: 'uri', uri: target, listener: 'scscf' } as const;
      endpoint().request(text, hop, {
        response: ({ status }) => (status < 200 ? undefined : answered(status)),
        failed: answered,
      });
    } catch (error) {
      observer.fault('third-party', error);
      answered(400);
    }
  }

  #answered(telling: Telling, status: number): void {
    const key = keyOf(telling);
    const next = this.#underWay.get(key);
    this.#underWay.delete(key);
    if (status >= 300) this.ports.observer.count('third-party-refused');
    if (next !== undefined) return this.#tell(next);
    const { told, news, isEnd } = telling;
    this.#forgetMessages(telling);
    const isOver = isEnd || news.kind === 'de-registration';
    if (!isOver && told.handling === 'terminated' && isServerFault(status)) void this.#endUnless(telling);
  }

  /** The last of its servers has been told: the row need not keep what they were shown. After a fault it does, until it lapses. */
  #forgetMessages({ stream, at }: Telling): void {
    const kept = this.#messages.get(stream);
    if (kept === undefined || this.#isStopped || comparePositions(kept.at, at) !== 0) return;
    kept.left -= 1;
    if (kept.left > 0) return;
    this.#messages.delete(stream);
    const { registrations, observer } = this.ports;
    registrations
      .told(stream.slice(STREAM_PREFIX.length), at)
      .catch((error: unknown) => observer.fault('third-party', error));
  }

  /**
   * TS 24.229 §5.4.1.7: a registration does not go on without a server whose failure ends it. A newer one is another matter. Where the
   * log or the store does not take it, it is tried again, after twice the time, for as long as a registration may last meanwhile.
   */
  async #endUnless({ stream, at }: Pick<Telling, 'stream' | 'at'>, tries = 1): Promise<void> {
    if (this.#isStopped) return;
    const { clock, observer, registrations } = this.ports;
    const aor = stream.slice(STREAM_PREFIX.length);
    try {
      const row = await registrations.load(aor);
      if (row.news !== undefined && comparePositions(row.news.at, at) > 0) return;
      await endRegistration(this.ports, this.settings, aor, { cause: 'network', reqtype: 'dereg-admin' });
    } catch (error) {
      observer.fault('third-party', error);
      if (tries >= END_TRIES_MAX || this.#ending >= ENDINGS_MAX) return;
      this.#ending += 1;
      clock.after(Math.min(END_RETRY_MS_MIN * 2 ** (tries - 1), END_RETRY_MS_MAX), () => {
        this.#ending -= 1;
        void this.#endUnless({ stream, at }, tries + 1);
      });
    }
  }
}

const keyOf = ({ stream, told }: Telling): string => `${stream}\n${told.server}`;

/** Of two about one registration: is the first the newer? Its end comes after it. */
const isNewer = (a: Telling, b: Telling): boolean => {
  const order = comparePositions(a.at, b.at);
  return order > 0 || (order === 0 && a.isEnd && !b.isEnd);
};
