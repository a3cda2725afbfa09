// A session leaves for an application server: its chain is kept under a fresh token first, then the request goes
// (TS 24.229 §5.4.3.2 step 5, §5.4.3.3 step 4; docs/architecture.md §2). Reader: initial-request.ts.
import type { Decision } from '#libs/domain';
import { StoreUnavailable } from '#libs/stores';
import { noteCall, openingEvents, serverInvoked } from '../session/call-record.js';
import { refuse, type SessionContext } from '../session/session.js';
import type { SessionProxy } from '../session/session-proxy.js';
import type { Chain } from './chain.js';
import { CHAIN_LINK_TTL_S, type ChainLink } from './chain-link.js';
import { Invocation } from './invocation.js';
import { serverRoute } from './leaving-edits.js';
import { LEG_LOOK_MS } from './legs.js';
import { takeOver } from './link-state.js';

/** Application servers asked for one session, on all sides and whatever they made of it; beyond it is a loop: 482. */
export const CHAIN_SERVERS_MAX = 20;

/**
 * Keeps the chain and gives the token that it is kept by. One that is there already was made by a router that had this request
 * before: its chain ends, so that nobody is rung by both. Rejects with StoreUnavailable.
 */
const keep = async (context: SessionContext, token: string, link: ChainLink): Promise<string> => {
  const { ports, legs } = context;
  const isKept = (by: string): Promise<boolean> =>
    ports.chainLinks.cas(by, link, undefined, CHAIN_LINK_TTL_S);
  if (await isKept(token)) return token;
  ports.observer.count('chain-taken-over');
  if ((await takeOver(context, token)) === 'returned') {
    const leg = legs.get(token);
    if (leg !== undefined) leg.orphaned();
    // Whoever has it looks as often.
    else await new Promise<void>((resolve) => void ports.clock.after(LEG_LOOK_MS, resolve));
  }
  const another = ports.odiTokens.draw();
  if (await isKept(another)) return another;
  throw new StoreUnavailable('a token was drawn twice');
};

/** Asks the server of the criterion that matched. Rejects with StoreUnavailable: no server is asked that could not come back. */
export const depart = async (proxy: SessionProxy, chain: Chain, { criterion }: Decision): Promise<void> => {
  const { session, context } = proxy;
  const { ports, settings } = context;
  const { priority, applicationServer } = criterion.source;
  const { serverName: server, defaultHandling: handling } = applicationServer;
  if (session.depth >= CHAIN_SERVERS_MAX)
    return proxy.refuse(chain.role, refuse(482, 'Loop Detected', 'too many application servers'));
  const route = serverRoute(server, settings.ownHosts);
  if (route === undefined)
    return proxy.refuse(chain.role, refuse(502, 'Bad Gateway', `${server} is no application server`));

  session.depth++;
  // Devices are looked for again when the server has had its say.
  delete session.callee;
  const { role, sessionCase, served, rules, cursor, matched } = chain;
  const { requestUri, icid, depth, tx } = session;
  const link: ChainLink = {
    role,
    sessionCase,
    served,
    rules,
    cursor,
    matched,
    priority,
    server,
    requestUri,
    icid,
    depth,
    waiting: ports.routerSigns?.own ?? '',
    state: 'open',
  };
  const token = await keep(context, ports.odiTokens.next(session, chain), link);
  if (tx.answered || tx.cancelled) return;

  const asked = { role, served: served.impu, priority, server };
  const { trigger } = matched[matched.length - 1]!;
  noteCall(ports, icid, [
    ...openingEvents(session),
    serverInvoked(session, chain, asked, { trigger, handling }),
  ]);
  ports.observer.count('server-asked');
  const livenessMs = handling === 'continued' ? settings.continuedMs : settings.terminatedMs;
  const { timers } = ports;
  proxy.askServer(
    chain,
    route,
    new Invocation({ token, asked, handling, timers, livenessMs, watcher: proxy }),
  );
};
