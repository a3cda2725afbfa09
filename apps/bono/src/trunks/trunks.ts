// The trunks of this edge: which one a flow belongs to, which one a URI leads to, and how much each may ask for. Read from the
// operator's file; what it says anew holds for what comes then. Made by open-trunks.ts; readers: bono.ts, handlers/.
import { createPeerCheck, type PeerCheck } from '#libs/runtime';
import { canonicalIp, type Flow, hostKey, parseSipUri } from '#libs/sip';
import type { Trunk } from './trunk-file.js';
import { TrunkLoad } from './trunk-load.js';

type Member = Readonly<{ trunk: Trunk; isListed: PeerCheck; hosts: ReadonlySet<string> }>;

/** Of a flow that belongs to none: found out once. */
const NONE = null;

const hostsOf = ({ peers, certificates }: Trunk): ReadonlySet<string> =>
  new Set([...certificates, ...peers.map((uri) => parseSipUri(uri)!.host)].map(hostKey));

export class Trunks {
  #members: readonly Member[] = [];
  #byName: ReadonlyMap<string, Trunk> = new Map();
  #byFlow = new WeakMap<Flow, Trunk | null>();
  /** Outlive what is read anew: calls that are in setup are counted until they are not. */
  readonly #loads = new Map<string, TrunkLoad>();

  constructor(trunks: readonly Trunk[]) {
    this.use(trunks);
  }

  use(trunks: readonly Trunk[]): void {
    this.#members = trunks.map((trunk) => ({
      trunk,
      isListed: addressCheck(trunk.addresses),
      hosts: hostsOf(trunk),
    }));
    this.#byName = new Map(trunks.map((trunk) => [trunk.name, trunk]));
    this.#byFlow = new WeakMap();
    for (const name of this.#loads.keys()) if (!this.#byName.has(name)) this.#loads.delete(name);
    for (const trunk of trunks) {
      const load = this.#loads.get(trunk.name);
      if (load !== undefined) load.bounds = trunk;
    }
  }

  get size(): number {
    return this.#members.length;
  }

  named(name: string): Trunk | undefined {
    return this.#byName.get(name);
  }

  /** Whose flow is it? The first that it may be of. */
  of(flow: Flow): Trunk | undefined {
    const known = this.#byFlow.get(flow);
    if (known !== undefined) return known ?? undefined;
    const trunk = this.#members.find((member) => isFrom(member, flow))?.trunk;
    this.#byFlow.set(flow, trunk ?? NONE);
    return trunk;
  }

  /** Whom a URI leads to, by its host alone: nothing is looked up. */
  at(uri: string): Trunk | undefined {
    return this.#members.find((member) => isAt(member, uri))?.trunk;
  }

  /** May what is of this trunk go to this URI? A Contact may name any host. */
  leadsTo(trunk: Trunk, uri: string): boolean {
    const member = this.#members.find((one) => one.trunk.name === trunk.name);
    return member !== undefined && isAt(member, uri);
  }

  loadOf(trunk: Trunk, nowMs: number): TrunkLoad {
    let load = this.#loads.get(trunk.name);
    if (load === undefined) this.#loads.set(trunk.name, (load = new TrunkLoad(trunk, nowMs)));
    return load;
  }
}

/** The addresses of a trunk and no others: not this machine's own, which a check of trusted peers takes. */
const addressCheck = (addresses: readonly string[]): PeerCheck => createPeerCheck(addresses, false);

const isFrom = ({ trunk, isListed }: Member, flow: Flow): boolean => {
  const { addresses, certificates } = trunk;
  if (addresses.length + certificates.length === 0) return false;
  if (addresses.length > 0 && !isListed(flow.remoteAddress)) return false;
  return certificates.length === 0 || certificates.some((name) => flow.isOf?.(name) === true);
};

const isAt = ({ isListed, hosts }: Member, uri: string): boolean => {
  const host = parseSipUri(uri)?.host;
  if (host === undefined) return false;
  const address = canonicalIp(host);
  return address === undefined ? hosts.has(hostKey(host)) : hosts.has(hostKey(host)) || isListed(address);
};
