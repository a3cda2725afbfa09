// What goes on of a chain that came back to another router than the one that waits for its server: when that one has ended, or the
// request was begun anew, nobody waits for the answer any more, and whoever rings is cancelled. Started by initial-request.ts;
// departure.ts ends what it takes over.
import type { SessionContext } from '../session/session.js';
import type { SessionProxy } from '../session/session-proxy.js';
import type { ChainLink } from './chain-link.js';

/** How often it is looked whether somebody waits. */
export const LEG_LOOK_MS = 1_000;

/** The state of the chain, and the router that waits; what the store cannot say is taken for well. */
const isWanted = async (
  { ports }: SessionContext,
  token: string,
  { waiting }: ChainLink,
): Promise<boolean> => {
  try {
    if ((await ports.chainLinks.get(token))?.value.state === 'over') return false;
    return ports.routerSigns === undefined || (await ports.routerSigns.isAlive(waiting));
  } catch (error) {
    ports.observer.fault('store-unavailable', error);
    return true;
  }
};

/** Follows a leg until it is answered. */
export const followLeg = (
  context: SessionContext,
  proxy: SessionProxy,
  token: string,
  link: ChainLink,
): void => {
  const { tx } = proxy.session;
  const { legs, ports } = context;
  legs.set(token, proxy);
  const look = async (): Promise<void> => {
    if (!tx.answered && !(await isWanted(context, token, link))) proxy.orphaned();
    if (!tx.answered) ports.clock.after(LEG_LOOK_MS, () => void look());
    else if (legs.get(token) === proxy) legs.delete(token);
  };
  ports.clock.after(LEG_LOOK_MS, () => void look());
};
