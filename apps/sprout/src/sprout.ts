// Sprout: I-CSCF and S-CSCF on one endpoint. Which handler a request gets, by method and by how it came
// (docs/architecture.md §5). Plain functions in a table; nothing here waits.
import { createDecoy } from '#libs/digest';
import {
  addrUri,
  emergencyService,
  type EndpointUser,
  H,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  firstValue,
  uriParam,
  values,
} from '#libs/sip';
import { Challenges } from './authentication/challenges.js';
import { FailureBrake } from './authentication/failure-brake.js';
import { answerFault } from './faults.js';
import type { SproutPorts, SproutSettings } from './ports.js';
import { ProfileCache } from './profile-cache.js';
import { register, type Registrar } from './registrar/register.js';
import { asksForRegistration, refreshSubscription, refuseEvent, subscribe } from './reg-event/subscribe.js';
import { emergencyCall } from './session/emergency.js';
import { acknowledge, inDialogRequest } from './session/in-dialog.js';
import { odiIn } from './isc/chain-link.js';
import { isHome } from './routing/way-out.js';
import { initialRequest } from './session/initial-request.js';
import { isOwn } from './session/own-route.js';
import type { Arrival, SessionContext } from './session/session.js';

/** How the request came, from the Route values on top of it. */
const arrivalOf = (request: SipMessage, ownHosts: ReadonlySet<string>): Arrival => {
  let ownRoutes = 0;
  let originating = false;
  const top = firstValue(request, H.Route);
  if (top === undefined || !isOwn(addrUri(top), ownHosts))
    return { ownRoutes, originating, nextRoute: top, odi: undefined };
  const routes = values(request, H.Route);
  while (ownRoutes < routes.length && isOwn(addrUri(routes[ownRoutes]!), ownHosts)) {
    originating ||= uriParam(addrUri(routes[ownRoutes]!), 'orig') !== undefined;
    ownRoutes++;
  }
  return { ownRoutes, originating, nextRoute: routes[ownRoutes], odi: odiIn(addrUri(top)) };
};

/** The endpoint user that is Sprout. */
export const createSprout = (ports: SproutPorts, settings: SproutSettings): EndpointUser => {
  const profiles = new ProfileCache();
  if (ports.criteriaFiles !== undefined) {
    profiles.useSets(ports.criteriaFiles.sets);
    ports.criteriaFiles.onChange = (sets) => profiles.useSets(sets);
  }
  const context: SessionContext = { ports, settings, profiles, invocations: new Map(), legs: new Map() };
  const challenges = new Challenges(ports.challenges);
  const brake = new FailureBrake(ports.clock);
  const decoy = createDecoy(ports.random, settings.homeDomain);
  const authenticator = { ports, settings, challenges, brake, decoy };
  const registrar: Registrar = { ports, settings, profiles, authenticator };
  const handle = (tx: ServerTransaction, work: Promise<void>): void => {
    work.catch((error: unknown) => answerFault(tx, error, ports));
  };

  return {
    request(tx) {
      const { request } = tx;
      // Before anything else: a REGISTER is answered here and never relayed, whatever it carries.
      if (request.method === 'REGISTER') return handle(tx, register(registrar, tx));
      const isSubscribe = request.method === 'SUBSCRIBE';
      if (tagOf(request.header(H.To)!) !== '') {
        // Dialogs that end here have this node as their target.
        if (!isSubscribe || !isForNode(request, settings)) return inDialogRequest(context, tx);
        return asksForRegistration(request)
          ? handle(tx, refreshSubscription(registrar, tx))
          : refuseEvent(tx);
      }
      if (request.method === 'CANCEL') return tx.reply(481, 'Call/Transaction Does Not Exist');
      const arrival = arrivalOf(request, settings.ownHosts);
      const service = emergencyService(request.requestUri, settings.emergency);
      // A number is an emergency to who dials it here; one that comes from outside is another's.
      if (service !== undefined && (arrival.originating || service === request.requestUri.toLowerCase()))
        return emergencyCall(context, tx, arrival, service);
      if (isSubscribe && arrival.nextRoute === undefined) {
        if (isForNode(request, settings)) return refuseEvent(tx);
        if (isHome(context, request.requestUri) && asksForRegistration(request))
          return handle(tx, subscribe(registrar, tx));
      }
      if (request.method === 'OPTIONS' && arrival.nextRoute === undefined && isForNode(request, settings))
        return tx.reply(200, 'OK');
      ports.observer.count('initial-request');
      handle(tx, initialRequest(context, tx, arrival));
    },
    ack: (request) => acknowledge(context, request),
  };
};

/** A Request-URI without a user part that names this node: a health check. */
const isForNode = (request: SipMessage, { ownHosts }: SproutSettings): boolean =>
  !request.requestUri.includes('@') && isOwn(request.requestUri, ownHosts);
