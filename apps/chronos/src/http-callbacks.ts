// Callbacks over HTTP: to allowed addresses only, no redirects, so many at once to a host and no more; keys to hosts that have one.
// The name is resolved here and the address that was judged is connected to: nothing is asked a second time in between.
// Port: callback.port.ts.
import { HttpFault, type HttpConnections, type HttpTransport, type ResolveHost } from '#libs/http-pool';
import type { Clock, PeerCheck, Random } from '#libs/runtime';
import type { CallbackOutcome, Callbacks } from './callback.port.js';

/** Callbacks that wait for one host; beyond it the timer comes again a little later. */
export const HOST_QUEUE_MAX = 100_000;
/** Hosts that connections are kept to; the one that was asked longest ago makes room. */
const HOSTS_MAX = 1_000;
/** Addresses of URIs that were taken apart lately; then anew. */
const URIS_MAX = 2_000;
const RESOLVE_EVERY_MS = 30_000;
/** After a name server that did not say: the addresses of before hold until then. */
const RESOLVE_AGAIN_MS = 1_000;

export type HttpCallbacksOptions = Readonly<{
  transport: HttpTransport;
  resolve: ResolveHost;
  clock: Clock;
  random: Random;
  /** Judges the address that is connected to. */
  isAllowed: PeerCheck;
  /** Under way to one host. */
  concurrencyMax: number;
  /** Host and port of the URI, or its host without brackets for any port, in lower case → key. */
  keys: ReadonlyMap<string, string>;
}>;

/** `host:port=key` or `host=key` of the configuration. */
export const callbackKeys = (entries: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return [
        entry
          .slice(0, at)
          .toLowerCase()
          .replace(/^\[([^\]]*)\]$/, '$1'),
        entry.slice(at + 1),
      ] as const;
    }),
  );

type Place = Readonly<{ host: string; name: string; port: number; path: string }>;
type Waiting = Readonly<{
  path: string;
  sequence: number;
  opaque: string;
  resolve: (outcome: CallbackOutcome) => void;
}>;

const placeOf = (uri: string): Place | undefined => {
  if (!URL.canParse(uri)) return undefined;
  const { protocol, host, hostname, port, pathname, search } = new URL(uri);
  if (protocol !== 'http:') return undefined;
  return {
    host,
    name: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    path: pathname + search,
  };
};

/** A URI does not write the port that is usual. */
const withPort = ({ host, port }: Place): string => (port === 80 ? `${host}:80` : host);

/** One host of URIs: its addresses, its connections, what waits for it. */
class CallbackHost {
  readonly queue: Waiting[] = [];
  /** Where the queue begins: what is before it is gone. */
  private first = 0;
  underWay = 0;
  private addresses: readonly string[] = [];
  private resolvedMs = -Infinity;
  private readonly open = new Map<string, HttpConnections>();

  constructor(
    private readonly options: HttpCallbacksOptions,
    private readonly place: Place,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  get waiting(): number {
    return this.queue.length - this.first;
  }

  add(waiting: Waiting): void {
    this.queue.push(waiting);
    this.go();
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map((each) => each.close()));
  }

  private go(): void {
    while (this.underWay < this.options.concurrencyMax && this.first < this.queue.length) {
      const next = this.queue[this.first++]!;
      if (this.first > 1_000 && this.first * 2 > this.queue.length) {
        this.queue.splice(0, this.first);
        this.first = 0;
      }
      this.underWay++;
      void this.post(next).then((outcome) => {
        this.underWay--;
        next.resolve(outcome);
        this.go();
      });
    }
    if (this.first === this.queue.length) {
      this.queue.length = 0;
      this.first = 0;
    }
  }

  private async post({ path, sequence, opaque }: Waiting): Promise<CallbackOutcome> {
    const { random, isAllowed, clock } = this.options;
    try {
      if (clock.monotonicMs() - this.resolvedMs > RESOLVE_EVERY_MS) await this.resolveName();
      const allowed = this.addresses.filter(isAllowed);
      if (this.addresses.length === 0) return failed(`${this.place.name} has no address`);
      const address = allowed[Math.floor(random.fraction() * allowed.length)];
      if (address === undefined) return failed(`${this.place.name} is at no address that may be called`);
      const answer = await this.connections(address).request({
        method: 'POST',
        path,
        headers: { ...this.headers, 'x-sequence-number': String(sequence) },
        body: opaque,
      });
      if (answer.status >= 200 && answer.status < 300) return { ok: true, body: answer.body };
      return failed(`status ${answer.status}`);
    } catch (error) {
      // Another address next time, if there is one by then.
      this.resolvedMs = -Infinity;
      return failed(error instanceof HttpFault ? error.message : String(error));
    }
  }

  private async resolveName(): Promise<void> {
    const { resolve, clock } = this.options;
    const found = await resolve(this.place.name).catch((): readonly string[] => []);
    this.resolvedMs = clock.monotonicMs();
    if (found.length === 0) {
      this.resolvedMs -= RESOLVE_EVERY_MS - RESOLVE_AGAIN_MS;
      return;
    }
    this.addresses = found;
    for (const [address, connections] of this.open) {
      if (this.addresses.includes(address)) continue;
      this.open.delete(address);
      void connections.close().catch(() => undefined);
    }
  }

  private connections(address: string): HttpConnections {
    const known = this.open.get(address);
    if (known !== undefined) return known;
    const made = this.options.transport.open({ address, port: this.place.port });
    this.open.set(address, made);
    return made;
  }
}

const failed = (reason: string): CallbackOutcome => ({ ok: false, reason });

class HttpCallbacks implements Callbacks {
  private readonly places = new Map<string, Place>();
  private readonly hosts = new Map<string, CallbackHost>();

  constructor(private readonly options: HttpCallbacksOptions) {}

  get pending(): number {
    let pending = 0;
    for (const { waiting, underWay } of this.hosts.values()) pending += waiting + underWay;
    return pending;
  }

  send(uri: string, sequence: number, opaque: string): Promise<CallbackOutcome> | undefined {
    const place = this.placeOf(uri);
    if (place === undefined) return Promise.resolve(failed('no http: URI'));
    const host = this.hostOf(place);
    if (host === undefined || host.waiting >= HOST_QUEUE_MAX) return undefined;
    const { path } = place;
    return new Promise((resolve) => host.add({ path, sequence, opaque, resolve }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.hosts.values()].map((host) => host.close()));
  }

  private placeOf(uri: string): Place | undefined {
    const known = this.places.get(uri);
    if (known !== undefined) return known;
    const place = placeOf(uri);
    if (this.places.size >= URIS_MAX) this.places.clear();
    if (place !== undefined) this.places.set(uri, place);
    return place;
  }

  private hostOf(place: Place): CallbackHost | undefined {
    const known = this.hosts.get(place.host);
    if (known !== undefined) return known;
    if (this.hosts.size >= HOSTS_MAX && !this.makeRoom()) return undefined;
    const { keys } = this.options;
    const key = keys.get(withPort(place)) ?? keys.get(place.name);
    const host = new CallbackHost(this.options, place, {
      host: place.host,
      'content-type': 'application/octet-stream',
      ...(key === undefined ? {} : { 'x-api-key': key }),
    });
    this.hosts.set(place.host, host);
    return host;
  }

  private makeRoom(): boolean {
    const [name, idle] = [...this.hosts].find(([, each]) => each.waiting + each.underWay === 0) ?? [];
    if (name === undefined || idle === undefined) return false;
    this.hosts.delete(name);
    void idle.close().catch(() => undefined);
    return true;
  }
}

export const createHttpCallbacks = (options: HttpCallbacksOptions): Callbacks => new HttpCallbacks(options);
