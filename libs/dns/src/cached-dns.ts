// A DNS client with a cache: answers hold for their time to live, that there is nothing too; when no server answers, an answer
// whose time is over goes on for a while (RFC 8767), since a name rarely moves in the minutes in which its server is gone.
// RFC 1035 §7, RFC 2308. Servers are asked in turn, the one that answered last first.
import type { Clock } from '#libs/runtime';
import { dnsName } from './dns-name.js';
import type { AddressRecord, Dns, DnsAnswer, DnsExchange, DnsServer, RecordType } from './dns.port.js';
import { readReply, type TimedAnswer } from './read-reply.js';

/** Answers kept; the one that was stored or refreshed longest ago goes first. */
export const ANSWERS_MAX = 4_096;
/** Questions under way at once; beyond, an answer is the old one or none. */
export const QUESTIONS_MAX = 256;
/** Of more servers the first are asked. */
export const SERVERS_MAX = 3;
/** How often each server is asked for one answer. */
export const ROUNDS_MAX = 2;
export const TIMEOUT_MS = 600;
/** How long beyond its time an answer is used while no server answers. */
export const STALE_S = 300;
/** After a failure nobody is asked the same for so long. */
export const FAILURE_HOLD_MS = 5_000;

export type DnsOptions = Readonly<{
  servers: readonly DnsServer[];
  exchange: DnsExchange;
  clock: Clock;
  /** Names that are never asked for: /etc/hosts. */
  hosts?: ReadonlyMap<string, readonly AddressRecord[]>;
}>;

/** Monotonic, for metrics. */
export type DnsCounts = { asked: number; unanswered: number; stale: number; refused: number };

export interface CachedDns extends Dns {
  readonly counts: Readonly<DnsCounts>;
}

/** `usableUntilMs`: beyond `freshUntilMs` only when nobody answers. */
type Entry = { answer: DnsAnswer; freshUntilMs: number; usableUntilMs: number };

const NONE: DnsAnswer = { kind: 'none' };
const FAILED: DnsAnswer = { kind: 'failed' };

export const createDns = (options: DnsOptions): CachedDns => new Cache(options);

class Cache implements CachedDns {
  readonly counts: DnsCounts = { asked: 0, unanswered: 0, stale: 0, refused: 0 };
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<DnsAnswer>>();
  readonly #servers: readonly DnsServer[];
  #first = 0;

  constructor(private readonly options: DnsOptions) {
    this.#servers = options.servers.slice(0, SERVERS_MAX);
  }

  lookup(text: string, type: RecordType): DnsAnswer | Promise<DnsAnswer> {
    // As it is kept, nearly always: each request to a name comes by here.
    const known = this.#entries.get(`${type} ${text}`);
    if (known !== undefined && this.#nowMs < known.freshUntilMs) return known.answer;
    const name = dnsName(text);
    if (name === undefined) return NONE;
    const listed = this.options.hosts?.get(name);
    if (listed !== undefined) return answerOf(listed.filter((record) => record.type === type));
    const key = `${type} ${name}`;
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#nowMs < entry.freshUntilMs) return entry.answer;
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    if (this.#asking.size >= QUESTIONS_MAX) {
      this.counts.refused += 1;
      return this.#oldOrFailed(entry);
    }
    const asked = this.#ask(key, name, type).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }

  get #nowMs(): number {
    return this.options.clock.monotonicMs();
  }

  async #ask(key: string, name: string, type: RecordType): Promise<DnsAnswer> {
    const found = await this.#askServers(name, type);
    const nowMs = this.#nowMs;
    if (found !== undefined) {
      const freshUntilMs = nowMs + found.ttlS * 1000;
      this.#keep(key, { answer: found.answer, freshUntilMs, usableUntilMs: freshUntilMs + STALE_S * 1000 });
      return found.answer;
    }
    this.counts.unanswered += 1;
    const before = this.#entries.get(key);
    const answer = this.#oldOrFailed(before);
    const holdUntilMs = nowMs + FAILURE_HOLD_MS;
    const usableUntilMs = answer === FAILED ? holdUntilMs : (before?.usableUntilMs ?? holdUntilMs);
    this.#keep(key, { answer, freshUntilMs: Math.min(holdUntilMs, usableUntilMs), usableUntilMs });
    return answer;
  }

  #oldOrFailed(entry: Entry | undefined): DnsAnswer {
    if (entry === undefined || entry.answer === FAILED || this.#nowMs >= entry.usableUntilMs) return FAILED;
    this.counts.stale += 1;
    return entry.answer;
  }

  async #askServers(name: string, type: RecordType): Promise<TimedAnswer | undefined> {
    const servers = this.#servers;
    const first = this.#first;
    for (let tried = 0; tried < servers.length * ROUNDS_MAX; tried++) {
      const at = (first + tried) % servers.length;
      this.counts.asked += 1;
      try {
        const reply = await this.options.exchange.ask(servers[at]!, name, type, TIMEOUT_MS);
        this.#first = at;
        return readReply(reply, name, type);
      } catch {
        continue; // the next server, or the same one once more
      }
    }
    return undefined;
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    if (this.#entries.size >= ANSWERS_MAX) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(key, entry);
  }
}

const answerOf = (records: readonly AddressRecord[]): DnsAnswer =>
  records.length === 0 ? NONE : { kind: 'found', records };
