// Who has a chain that left for an application server: the router that waits for the answer, another one that it came back to, or
// nobody any more. Decided by compare-and-set on its link, so that a callee is not rung twice. Readers: session-proxy.ts, resume.ts.
import { StoreUnavailable } from '#libs/stores';
import type { SessionContext } from '../session/session.js';
import { CHAIN_LINK_TTL_S, type ChainLink } from './chain-link.js';

/** Has the request come back to another router? A store that does not answer knows of nothing. */
export const hasReturned = async ({ ports }: SessionContext, token: string): Promise<boolean> => {
  try {
    return (await ports.chainLinks.get(token))?.value.state === 'returned';
  } catch (error) {
    ports.observer.fault('store-unavailable', error);
    return false;
  }
};

/** Nobody waits for the server any more, unless it has given the request back to another router meanwhile. */
export const closeLink = async ({ ports }: SessionContext, token: string): Promise<'closed' | 'returned'> => {
  try {
    const held = await ports.chainLinks.get(token);
    if (held === undefined) return 'closed';
    if (held.value.state === 'returned') return 'returned';
    const closed: ChainLink = { ...held.value, state: 'over' };
    if (await ports.chainLinks.cas(token, closed, held.version, CHAIN_LINK_TTL_S)) return 'closed';
    return (await ports.chainLinks.get(token))?.value.state === 'returned' ? 'returned' : 'closed';
  } catch (error) {
    ports.observer.fault('store-unavailable', error);
    return 'closed';
  }
};

/** Tries at a link that others change at the same time. */
const TAKE_OVER_TRIES_MAX = 5;

/**
 * The same request has left for the same server before, from a router that waits for no answer any more: the edge has given it to
 * another, as that one has ended. What still comes back of it is too late; `returned`: it has, and goes on somewhere.
 * Rejects with StoreUnavailable.
 */
export const takeOver = async ({ ports }: SessionContext, token: string): Promise<'open' | 'returned'> => {
  for (let tries = 0; tries < TAKE_OVER_TRIES_MAX; tries++) {
    const held = await ports.chainLinks.get(token);
    if (held === undefined || held.value.state === 'over') return 'open';
    const over: ChainLink = { ...held.value, state: 'over' };
    if (await ports.chainLinks.cas(token, over, held.version, CHAIN_LINK_TTL_S)) return held.value.state;
  }
  throw new StoreUnavailable('a chain is changed again and again');
};

export type Claimed = Readonly<{ link: ChainLink; isElsewhere: boolean }> | 'unknown' | 'over';

/**
 * The chain that a request came back to. It may come back several times (a server that forks); who waits for the answer is told.
 * `isElsewhere`: that is another router. Rejects with StoreUnavailable.
 */
export const claimLink = async ({ ports, invocations }: SessionContext, token: string): Promise<Claimed> => {
  const held = await ports.chainLinks.get(token);
  if (held === undefined) return 'unknown';
  const link = held.value;
  if (link.state === 'over') return 'over';
  const waiting = invocations.get(token);
  if (waiting !== undefined) {
    waiting.hears({ kind: 'returned' });
    return { link, isElsewhere: false };
  }
  if (link.state === 'open') {
    const claimed: ChainLink = { ...link, state: 'returned' };
    if (!(await ports.chainLinks.cas(token, claimed, held.version, CHAIN_LINK_TTL_S))) {
      const again = await ports.chainLinks.get(token);
      if (again?.value.state === 'over') return 'over';
    }
  }
  return { link, isElsewhere: true };
};
