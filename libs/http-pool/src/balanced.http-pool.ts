// The pool: resolves the service's name, keeps connections to its addresses, picks one at random a request, replaces them
// before they grow old, so that load follows when machines come and go (docs/architecture.md §8, backend.md §0.2).
import type { Clock, Random } from '#libs/runtime';
import {
  type HttpConnections,
  HttpFault,
  type HttpPool,
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  type ResolveHost,
} from './http-pool.port.js';
import { judge } from './retry-rules.js';
import { ADDRESSES_MAX, TargetList, TARGETS_MAX } from './target-list.js';

/** Age at which connections to an address are replaced, ± RECYCLE_SPREAD so that not all of a site go at once. */
export const RECYCLE_AFTER_MS = 600_000;
export const RECYCLE_SPREAD = 0.2;
/** How long an answer of the resolver holds; when it fails later the old answer goes on. */
export const RESOLVE_EVERY_MS = 30_000;

export type HttpPoolOptions = Readonly<{
  /** `http://homestead.ims.test:8888`, or https:. */
  url: string;
  transport: HttpTransport;
  resolve: ResolveHost;
  clock: Clock;
  random: Random;
  /** Sent with every request: an API key. */
  headers?: Readonly<Record<string, string>>;
}>;

type Open = { connections: HttpConnections; recycleAtMs: number };

class BalancedPool implements HttpPool {
  private readonly host: string;
  private readonly port: number;
  private readonly isSecure: boolean;
  private readonly targets: TargetList;
  private readonly open = new Map<string, Open>();
  private readonly closing = new Set<Promise<void>>();
  private addresses: readonly string[] = [];
  private resolvedAtMs = -Infinity;
  private resolving: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly options: HttpPoolOptions) {
    const { protocol, hostname, port } = new URL(options.url);
    if (protocol !== 'http:' && protocol !== 'https:')
      throw new RangeError(`${options.url}: takes an http: or https: URL`);
    this.isSecure = protocol === 'https:';
    this.host = hostname.replace(/^\[|\]$/g, '');
    this.port = port === '' ? (this.isSecure ? 443 : 80) : Number(port);
    this.targets = new TargetList(() => options.random.fraction());
  }

  async request(asked: HttpRequest): Promise<HttpResponse> {
    const request = { ...asked, headers: { ...this.options.headers, ...asked.headers } };
    await this.refreshAddresses();
    const order = this.targets.order(this.addresses, this.options.clock.monotonicMs());
    // A single address is tried twice.
    const [only] = order;
    if (only !== undefined && order.length === 1) order.push(only);

    let bad = 0;
    let last: HttpResponse | HttpFault = new HttpFault('unresolved', this.host);
    for (const address of order.slice(0, TARGETS_MAX)) {
      last = await this.tryAt(address, request);
      const verdict = judge(request, last, bad);
      if (verdict.blacklist) this.targets.failed(address, this.options.clock.monotonicMs());
      else if (!(last instanceof Error)) this.targets.worked(address);
      if (verdict.final) break;
      if (verdict.bad) bad++;
    }
    if (last instanceof Error) throw last;
    return last;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const address of [...this.open.keys()]) this.retire(address);
    await Promise.all(this.closing);
  }

  private async tryAt(address: string, request: HttpRequest): Promise<HttpResponse | HttpFault> {
    try {
      return await this.connectionsTo(address).request(request);
    } catch (error) {
      if (error instanceof HttpFault) return error;
      return new HttpFault('broken', error instanceof Error ? error.message : 'failed');
    }
  }

  private connectionsTo(address: string): HttpConnections {
    if (this.closed) throw new HttpFault('unreachable', 'the pool is closed');
    const nowMs = this.options.clock.monotonicMs();
    const known = this.open.get(address);
    if (known && nowMs < known.recycleAtMs) return known.connections;
    this.retire(address);
    const spread = 1 + RECYCLE_SPREAD * (2 * this.options.random.fraction() - 1);
    const secure = this.isSecure ? { secureName: this.host } : {};
    const connections = this.options.transport.open({ address, port: this.port, ...secure });
    this.open.set(address, { connections, recycleAtMs: nowMs + RECYCLE_AFTER_MS * spread });
    return connections;
  }

  /** Its requests finish; new ones go elsewhere. */
  private retire(address: string): void {
    const known = this.open.get(address);
    if (!known) return;
    this.open.delete(address);
    const closing: Promise<void> = known.connections
      .close()
      .catch(() => undefined)
      .finally(() => this.closing.delete(closing));
    this.closing.add(closing);
  }

  private async refreshAddresses(): Promise<void> {
    if (this.options.clock.monotonicMs() - this.resolvedAtMs < RESOLVE_EVERY_MS) return;
    this.resolving ??= this.resolve().finally(() => (this.resolving = undefined));
    // With an old answer at hand nobody waits for the resolver.
    if (this.addresses.length === 0) await this.resolving;
  }

  private async resolve(): Promise<void> {
    const found = await this.options.resolve(this.host).catch((): readonly string[] => []);
    if (found.length === 0) return;
    this.addresses = [...new Set(found)].slice(0, ADDRESSES_MAX);
    this.resolvedAtMs = this.options.clock.monotonicMs();
    const current = new Set(this.addresses);
    for (const address of [...this.open.keys()]) if (!current.has(address)) this.retire(address);
  }
}

export const createHttpPool = (options: HttpPoolOptions): HttpPool => new BalancedPool(options);
