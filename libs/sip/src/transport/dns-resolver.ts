// Where a URI leads, with DNS behind it: what is a literal or stands in the table of names is answered at once as before; any
// other name is located by RFC 3263, anew for each request (weights are drawn), and what did not answer lately comes last.
// Readers: the endpoint; made by the apps.
import type { Clock, Random } from '#libs/runtime';
import { canonicalIp } from '../fields/ip-address.js';
import { parseSipUri, uriParam } from '../fields/uri.js';
import { locateServers, type Speaks, type Wanted } from './locate-servers.js';
import type { NameAnswer, NameLookup, NameType } from './name-lookup.port.js';
import { createStaticResolver, hostKey, type NameTable, TARGETS_MAX, wantedTransport } from './resolver.js';
import { TargetHealth } from './target-health.js';
import type { Resolver, Target } from './transport.port.js';

/** Rounds of questions for one URI: NAPTR, SRV, addresses, and one for what is asked anew in between. */
const ROUNDS_MAX = 4;

export type DnsResolverOptions = Speaks &
  Readonly<{
    /** undefined: literals and the table are all that there is. */
    dns: NameLookup | undefined;
    clock: Clock;
    random: Random;
    names?: NameTable;
    /** Names that stand for other ones, lower case: those that the deployment goes by, for those that DNS knows. */
    aliases?: Readonly<Record<string, string>>;
  }>;

export const createDnsResolver = ({ dns, ...options }: DnsResolverOptions): Resolver =>
  dns === undefined ? createStaticResolver(options.names) : new DnsResolver({ dns, ...options });

const NOWHERE: readonly Target[] = [];

class DnsResolver implements Resolver {
  readonly #atHand: (uri: string) => readonly Target[];
  readonly #health = new TargetHealth();
  readonly #aliases: ReadonlyMap<string, string>;

  constructor(private readonly options: DnsResolverOptions & { readonly dns: NameLookup }) {
    this.#aliases = new Map(Object.entries(options.aliases ?? {}));
    const table = createStaticResolver(options.names);
    this.#atHand = (uri) => table.resolve(uri);
  }

  resolve(uri: string): readonly Target[] | Promise<readonly Target[]> {
    const atHand = this.#atHand(uri);
    if (atHand.length > 0) return atHand;
    const wanted = wantedOf(uri, this.#aliases);
    if (wanted === undefined) return NOWHERE;
    const answers = new Map<string, NameAnswer>();
    const found = this.#attempt(wanted, answers);
    return found instanceof Map ? this.#goOn(wanted, answers, found) : found;
  }

  failed(target: Target): void {
    this.#health.failed(target, this.options.clock.monotonicMs());
  }

  worked(target: Target): void {
    this.#health.worked(target);
  }

  /** The targets, or the questions that must be answered first. */
  #attempt(wanted: Wanted, answers: Map<string, NameAnswer>): readonly Target[] | Asked {
    const { dns, random, clock } = this.options;
    const asked: Asked = new Map();
    const known = (name: string, type: NameType): NameAnswer | undefined => {
      const key = `${type} ${name}`;
      const before = answers.get(key);
      if (before !== undefined) return before;
      if (asked.has(key)) return undefined;
      const answer = dns.lookup(name, type);
      if (answer instanceof Promise) asked.set(key, answer);
      else answers.set(key, answer);
      return answer instanceof Promise ? undefined : answer;
    };
    const located = locateServers(wanted, this.options, known, () => random.fraction());
    if (located === 'incomplete') return asked;
    if (located === 'failed') return NOWHERE;
    return this.#health.ordered(unique(located), clock.monotonicMs()).slice(0, TARGETS_MAX);
  }

  async #goOn(wanted: Wanted, answers: Map<string, NameAnswer>, first: Asked): Promise<readonly Target[]> {
    let asked = first;
    for (let round = 1; round < ROUNDS_MAX; round++) {
      for (const [key, answer] of asked) answers.set(key, await answer);
      const found = this.#attempt(wanted, answers);
      if (!(found instanceof Map)) return found;
      asked = found;
    }
    return NOWHERE;
  }
}

type Asked = Map<string, Promise<NameAnswer>>;

/** undefined for what is no SIP URI, a literal, or wants a transport that this stack does not speak. */
const wantedOf = (uri: string, aliases: ReadonlyMap<string, string>): Wanted | undefined => {
  const parsed = parseSipUri(uri);
  if (!parsed || canonicalIp(parsed.host) !== undefined) return undefined;
  const secure = parsed.scheme === 'sips';
  const transport = wantedTransport(parsed.scheme, uriParam(uri, 'transport'));
  if (transport === null) return undefined;
  const host = hostKey(parsed.host);
  return { host: aliases.get(host) ?? host, secure, port: parsed.port, transport };
};

const unique = (targets: readonly Target[]): readonly Target[] => {
  const seen = new Set<string>();
  return targets.filter(({ transport, address, port }) => {
    const key = `${transport} ${address} ${port}`;
    return !seen.has(key) && seen.add(key);
  });
};
