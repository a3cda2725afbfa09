// The operator's ways out of the domain: by the beginning of a number, or by a domain (the BGCF's table, TS 24.229 §5.6.2;
// docs/clearwater/sip.md §3.10). Clearwater's bgcf.json is read as it is. Pure.
import { NumberPrefixes, plainPrefix } from './number-prefixes.js';
import { type Entry, entriesOf, type FileResult, textIn } from './routing-file.js';

/** URIs of one way, all put on as Routes; more are refused. */
export const ROUTES_OF_A_WAY_MAX = 10;

export type BgcfRoute = Readonly<{ name: string; routes: readonly string[] }>;

const ANY = '*';

export class BgcfRoutes {
  readonly #numbers = new NumberPrefixes<BgcfRoute>();
  readonly #domains = new Map<string, BgcfRoute>();
  #anyNumber: BgcfRoute | undefined;

  /** The longest prefix that the number has, then what is for any number, then for any domain. */
  ofNumber(number: string): BgcfRoute | undefined {
    return this.#numbers.longest(number) ?? this.#anyNumber ?? this.ofDomain('');
  }

  /** The domain itself, then what is for any. */
  ofDomain(domain: string): BgcfRoute | undefined {
    return this.#domains.get(domain.toLowerCase()) ?? this.#domains.get(ANY);
  }

  /** A reason where the entry is not taken. */
  add(key: Readonly<{ number?: string; domain?: string }>, route: BgcfRoute): string | undefined {
    const { number, domain } = key;
    if (domain !== undefined) return this.#addDomain(domain.toLowerCase(), route);
    if (number === ANY) {
      if (this.#anyNumber !== undefined) return 'a second route for any number';
      this.#anyNumber = route;
      return undefined;
    }
    const prefix = plainPrefix(number ?? '');
    if (prefix === undefined) return `${number ?? ''} is no beginning of a number`;
    return this.#numbers.add(prefix, route) ? undefined : `a second route for ${prefix}`;
  }

  #addDomain(domain: string, route: BgcfRoute): string | undefined {
    if (this.#domains.has(domain)) return `a second route for ${domain}`;
    this.#domains.set(domain, route);
    return undefined;
  }
}

/** `<sip:ibcf.ims.test;lr>` and `sip:ibcf.ims.test` mean the same here. */
const bareUri = (written: string): string => /^<(.*)>$/.exec(written.trim())?.[1] ?? written.trim();

const routesOf = (entry: Entry): readonly string[] | undefined => {
  const { route } = entry;
  if (!Array.isArray(route) || route.length === 0 || route.length > ROUTES_OF_A_WAY_MAX) return undefined;
  const uris = route.map((one: unknown) => (typeof one === 'string' ? bareUri(one) : ''));
  return uris.every((uri) => /^sips?:[^\s<>]+$/i.test(uri)) ? uris : undefined;
};

/** Reads `{"routes": [{"name", "domain" or "number", "route": ["sip:…", …]}]}`; one wrong entry refuses the file. */
export const readBgcfRoutes = (json: string): FileResult<BgcfRoutes> => {
  const entries = entriesOf(json, 'routes');
  if (!entries.ok) return entries;
  const value = new BgcfRoutes();
  for (const [index, entry] of entries.value.entries()) {
    const bad = (reason: string) => ({ ok: false, reason: `routes[${index}]: ${reason}` }) as const;
    const [number, domain] = [textIn(entry, 'number'), entry['domain'] === '' ? '' : textIn(entry, 'domain')];
    const routes = routesOf(entry);
    if (routes === undefined) return bad(`takes 1 to ${ROUTES_OF_A_WAY_MAX} SIP URIs as "route"`);
    if ((number === undefined) === (domain === undefined)) return bad('takes "number" or "domain"');
    const name = textIn(entry, 'name') ?? number ?? domain ?? '';
    const key = { ...(number === undefined ? {} : { number }), ...(domain === undefined ? {} : { domain }) };
    const problem = value.add(key, { name, routes });
    if (problem !== undefined) return bad(problem);
  }
  return { ok: true, value };
};
