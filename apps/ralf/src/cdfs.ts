// Which CDF a record goes to, and which of them are worth a try now. A CDF that is silent or says that it cannot is remembered, so that the
// next record does not wait for it too; after a while one record is its probe. RFC 6733 §6.1, §5.5.4; backend.md §5.2, mended. Pure.
import { isDiameterIdentity, parsePeerAddress, type PeerConfig } from '#libs/diameter';

/** Silent so many times in a row: it is not the record, it is the CDF. */
export const SILENT_MAX = 3;
export const DEAD_MS = 30_000;
/** It said 3002 or 3004, or something else that another time may be otherwise. */
export const UNABLE_MS = 5_000;
/** Charging functions that one session names; the rest is passed over. */
export const NAMED_MAX = 8;
/** Ways to CDFs that are remembered; beyond it those that are well are forgotten. */
export const REMEMBERED_MAX = 1_000;

/** A way to a CDF: a peer, and whom it is to reach beyond it where it is an agent. */
export type CdfRoute = Readonly<{ key: string; peer: string; host?: string }>;

type State = { silent: number; untilMs: number; isProbed: boolean };

/** `aaa://ccf.ims.test:3868;transport=tcp` or `ccf.ims.test`: the name in it. */
export const hostOfCcf = (ccf: string): string | undefined => {
  const host = parsePeerAddress(ccf)?.host ?? /^aaas?:\/\/([^:;]+)/.exec(ccf)?.[1];
  return host !== undefined && isDiameterIdentity(host) ? host : undefined;
};

export class Cdfs {
  readonly #states = new Map<string, State>();

  constructor(
    private readonly peers: readonly PeerConfig[],
    private readonly isUp: (peer: string) => boolean,
    private readonly nowMs: () => number,
  ) {}

  /**
   * The ways in the order to try: those that the session names, and no others where one of them is configured. A name that is none of
   * the configured CDFs is asked for by Destination-Host, as they may be agents; then it is for any of them.
   */
  routes(ccf: readonly string[]): readonly CdfRoute[] {
    const named = ccf.slice(0, NAMED_MAX).flatMap((name) => this.#named(name));
    const isKnown = named.some(({ host }) => host === undefined);
    const any = isKnown ? [] : this.peers.map(({ host }) => ({ key: host, peer: host }));
    const routes: readonly CdfRoute[] = [...named, ...any];
    return routes.filter(({ key }, at) => routes.findIndex((other) => other.key === key) === at);
  }

  /** Those of a list that are worth a try. */
  usable(routes: readonly CdfRoute[]): readonly CdfRoute[] {
    return routes.filter(({ key, peer }) => {
      if (!this.isUp(peer)) return false;
      const state = this.#states.get(key);
      return state === undefined || state.untilMs === 0 || (state.untilMs <= this.nowMs() && !state.isProbed);
    });
  }

  /** One is on its way there. */
  tried({ key }: CdfRoute): void {
    const state = this.#states.get(key);
    if (state !== undefined && state.untilMs > 0) state.isProbed = true;
  }

  answered({ key }: CdfRoute): void {
    this.#states.delete(key);
  }

  silent(route: CdfRoute): void {
    const state = this.#of(route);
    state.silent++;
    state.isProbed = false;
    if (state.silent >= SILENT_MAX || state.untilMs > 0) state.untilMs = this.nowMs() + DEAD_MS;
  }

  unable(route: CdfRoute): void {
    const state = this.#of(route);
    state.isProbed = false;
    state.untilMs = this.nowMs() + UNABLE_MS;
  }

  /** It was not even sent: nothing is learnt of the CDF. */
  notSent({ key }: CdfRoute): void {
    const state = this.#states.get(key);
    if (state !== undefined) state.isProbed = false;
  }

  #named(ccf: string): readonly CdfRoute[] {
    const host = hostOfCcf(ccf);
    if (host === undefined) return [];
    const same = (name: string): boolean => name.toLowerCase() === host.toLowerCase();
    const port = /:\d{1,5}(;|$)/.test(ccf) ? parsePeerAddress(ccf)?.port : undefined;
    const isAt = ({ address }: PeerConfig): boolean =>
      address !== undefined && (port === undefined || address.port === port) && same(address.host);
    const own = this.peers.find((peer) => same(peer.host)) ?? this.peers.find(isAt);
    if (own) return [{ key: own.host, peer: own.host }];
    return this.peers.map(({ host: peer }) => ({ key: `${host} by ${peer}`, peer, host }));
  }

  #of({ key }: CdfRoute): State {
    const known = this.#states.get(key);
    if (known) return known;
    const state = { silent: 0, untilMs: 0, isProbed: false };
    if (this.#states.size >= REMEMBERED_MAX) this.#states.clear();
    this.#states.set(key, state);
    return state;
  }
}
