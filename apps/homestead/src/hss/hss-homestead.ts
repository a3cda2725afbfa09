// Homestead over an HSS: the decision table of backend.md §1.1 on what is cached, asking by Cx what it must. What changes a subscriber
// is an event before it is cached; a set that cannot be written to the log is asked for again at the next request.
// While no HSS answers, who is registered here is served from the cache, and may register again; all others are told that it is the HSS.
import { assignment, assignmentStream } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import type { Answer, AuthenticationOptions, AuthVector, Homestead, HomesteadFailure, RegData, RegDataRequest, ServerAssignment } from '#libs/homestead-client'; // prettier-ignore
import type { Clock } from '#libs/runtime';
import { BoundedMap } from '#projections/subscriber-profiles';
import { answered, type HomesteadCore } from '../homestead-core.js';
import { AskedOnce } from './asked-once.js';
import { type CachedSet, type CachedSets, defaultImpuOf } from './cached-sets.js';
import { type Assigned, ASSIGNMENT, type AssignmentType, type CxClient } from './cx-client.js';
import { readSubscription } from './subscription-text.js';

/** At the bound the oldest goes: that user waits for the HSS. */
const VECTORS_MAX = 1_000_000;

/** What digest was last answered with, by private identity: for registered users while no HSS answers. Nowhere but in memory. */
export type KeptVectors = Pick<BoundedMap<AuthVector>, 'get' | 'set' | 'delete'>;
export const createKeptVectors = (): KeptVectors => new BoundedMap<AuthVector>(VECTORS_MAX);

export type HssModePorts = Readonly<{
  cx: CxClient;
  sets: CachedSets;
  log: Pick<EventLog, 'append'>;
  clock: Clock;
  vectors: KeptVectors;
  /** Our S-CSCF: one name for the whole cluster. */
  scscfUri: string;
  /** Where nobody says which network is visited. */
  homeNetwork: string;
  /** A registration whose HSS was not asked for so long is asked about again, s. */
  reregistrationS: number;
  /** A store or a log that failed, for the log of the process. */
  onFault?: (error: unknown) => void;
}>;

type Asked = Parameters<Homestead['regData']>[1];
type Told = RegDataRequest & ('reg' | 'call');

/** An HSS that leads from wildcard to wildcard is asked no further. */
const WILDCARDS_MAX = 3;

const failed = (failure: HomesteadFailure): Answer<never> => ({ ok: false, failure });

const DEREGISTRATIONS: Readonly<Record<Exclude<RegDataRequest, 'reg' | 'call'>, AssignmentType>> = {
  'dereg-user': ASSIGNMENT.USER_DEREGISTRATION,
  'dereg-admin': ASSIGNMENT.ADMINISTRATIVE_DEREGISTRATION,
  'dereg-timeout': ASSIGNMENT.TIMEOUT_DEREGISTRATION,
  'dereg-auth-failed': ASSIGNMENT.AUTHENTICATION_FAILURE,
  'dereg-auth-timeout': ASSIGNMENT.AUTHENTICATION_TIMEOUT,
};

/** Faults of the store of views: who cannot read does not know (504), who cannot write may try elsewhere (503). */
class StoreFailed extends Error {
  constructor(
    readonly failure: HomesteadFailure,
    override readonly cause: unknown,
  ) {
    super(failure);
  }
}

class HssMode implements HomesteadCore {
  /** One assignment for all calls to who is not registered. */
  private readonly calls = new AskedOnce<Assigned>();
  private readonly kept = new AskedOnce<Answer<CachedSet>>();

  constructor(private readonly ports: HssModePorts) {}

  async authVector(
    impi: string,
    impu: string,
    options: Readonly<{ serverName?: string }> = {},
  ): Promise<Answer<AuthVector>> {
    const answer = await this.authentication(impi, impu, { ...options, scheme: 'digest' });
    if (!answer.ok) return answer;
    // What was asked for is SIP Digest.
    return answer.value.kind === 'digest' ? answered(answer.value) : failed('hss-error');
  }

  /** Both doors, the call within the process and HTTP, come by here: a digest is kept for when no HSS answers. */
  async authentication(
    impi: string,
    impu: string,
    options: AuthenticationOptions,
  ): ReturnType<CxClient['multimediaAuth']> {
    const { serverName = this.ports.scscfUri, scheme } = options;
    const answer = await this.ports.cx.multimediaAuth(impi, impu, { ...options, serverName });
    if (!answer.ok) await this.forgetRefused(impi, impu, answer.failure);
    if (answer.ok) {
      // Who has a SIM now has no password that could still be good.
      if (answer.value.kind === 'digest') this.ports.vectors.set(impi, answer.value);
      else if (scheme === 'any') this.ports.vectors.delete(impi);
      return answer;
    }
    if (scheme !== 'digest' && scheme !== 'any') return answer;
    const known = answer.failure === 'hss-unreachable' ? this.ports.vectors.get(impi) : undefined;
    return known && (await this.isRegistered(impi, impu)) ? answered(known) : answer;
  }

  async registrationStatus(
    impi: string,
    impu: string,
    { visitedNetwork, authType, emergency = false }: Parameters<Homestead['registrationStatus']>[2],
  ): Promise<Answer<ServerAssignment>> {
    const network = visitedNetwork === '' ? this.ports.homeNetwork : visitedNetwork;
    const about = { impi, impu, visitedNetwork: network, authType, emergency };
    const answer = await this.ports.cx.userAuthorization(about);
    if (!answer.ok) await this.forgetRefused(impi, impu, answer.failure);
    const isDark = !answer.ok && answer.failure === 'hss-unreachable';
    return isDark && (await this.isRegistered(impi, impu)) ? answered(this.ours) : answer;
  }

  /** The HSS tells by RTR when a registered set is another server's: until then it is ours, and nobody is asked. */
  async location(
    impu: string,
    { originating = false, authType }: Parameters<Homestead['location']>[1] = {},
  ): Promise<Answer<ServerAssignment>> {
    const set = await this.ports.sets.find(impu).catch((error: unknown) => this.unread(error));
    const capabilities = authType === 'CAPAB';
    if (set?.state === 'REGISTERED' && !capabilities) return answered(this.ours);
    const answer = await this.ports.cx.locationInfo(impu, { originating, capabilities });
    const isDark = !answer.ok && answer.failure === 'hss-unreachable';
    return isDark && set ? answered(this.ours) : answer;
  }

  async cachedRegData(impu: string): Promise<Answer<RegData>> {
    return this.guarded(async () => {
      const set = await this.read(impu);
      return set ? answered(regDataOf(set)) : failed('not-found');
    });
  }

  /** An HSS that says that the identity belongs to a wildcard is asked again about that one. */
  regData(impu: string, request: Asked): Promise<Answer<RegData>> {
    return this.guarded(async () => {
      let wildcard = request.wildcardIdentity;
      for (let tries = 0; tries <= WILDCARDS_MAX; tries++) {
        const answer = await this.assign(impu, wildcard, request);
        if (!('wildcard' in answer)) return answer;
        wildcard = answer.wildcard;
      }
      return failed('hss-error');
    });
  }

  private async assign(
    impu: string,
    wildcard: string | undefined,
    request: Asked,
  ): Promise<Answer<RegData> | { wildcard: string }> {
    const set = await this.read(wildcard ?? impu);
    const { reqtype, impi, serverName = this.ports.scscfUri } = request;
    const about = { impu, wildcard, serverName };
    switch (reqtype) {
      case 'reg':
        return this.register(set, { ...about, impi }, request.noCache ?? false);
      case 'call':
        return set ? answered(regDataOf(set, set.state)) : this.serveUnregistered({ ...about, impi });
      default:
        return this.release(set, reqtype, { ...about, impi: impi ?? privateIdOf(set) });
    }
  }

  private async register(
    set: CachedSet | undefined,
    about: Omit<Parameters<CxClient['serverAssignment']>[0], 'type'>,
    noCache: boolean,
  ): Promise<Answer<RegData> | { wildcard: string }> {
    const { impi } = about;
    const isBound = set?.state === 'REGISTERED' && impi !== undefined && set.impis.includes(impi);
    const isFresh = isBound && this.ports.clock.nowMs() - set.renewedAtMs < this.ports.reregistrationS * 1000;
    if (isFresh && !noCache) return answered(regDataOf(set, 'REGISTERED'));
    const type = isBound ? ASSIGNMENT.RE_REGISTRATION : ASSIGNMENT.REGISTRATION;
    const assigned = await this.ports.cx.serverAssignment({ ...about, type });
    const isDark = assigned.kind === 'failed' && assigned.failure === 'hss-unreachable';
    // The record lives twice as long as it is fresh: for this.
    if (isDark && isBound && !noCache) return answered(regDataOf(set, 'REGISTERED'));
    return this.taken(assigned, { before: set, by: 'reg', impi });
  }

  private async serveUnregistered(
    about: Omit<Parameters<CxClient['serverAssignment']>[0], 'type'>,
  ): Promise<Answer<RegData> | { wildcard: string }> {
    const type = ASSIGNMENT.UNREGISTERED_USER;
    const key = `${about.wildcard ?? ''} ${about.impu}`;
    const assigned = await this.calls.ask(key, () => this.ports.cx.serverAssignment({ ...about, type }));
    return this.taken(assigned, { before: undefined, by: 'call', impi: undefined, once: key });
  }

  /** What the HSS told is made durable, cached and given back. */
  private async taken(
    assigned: Assigned,
    asked: Readonly<{ before: CachedSet | undefined; by: Told; impi: string | undefined; once?: string }>,
  ): Promise<Answer<RegData> | { wildcard: string }> {
    if (assigned.kind === 'failed') return failed(assigned.failure);
    if (assigned.kind === 'wildcard') return { wildcard: assigned.wildcard };
    const received = assigned.userData && readSubscription(assigned.userData);
    if (!received) return failed('hss-error');
    const { before, by, impi, once } = asked;
    const set: CachedSet = {
      kind: 'set',
      state: by === 'reg' ? 'REGISTERED' : 'UNREGISTERED',
      xml: received.xml,
      impus: received.impus,
      impis: [...new Set([...(before?.impis ?? []), ...(impi === undefined ? [] : [impi])])],
      chargingAddresses: assigned.chargingAddresses,
      renewedAtMs: this.ports.clock.nowMs(),
    };
    const previous = before?.state ?? 'NOT_REGISTERED';
    // Without public identities there is nothing to keep it under.
    if (set.impus.length === 0) return answered(regDataOf(set, previous));
    const keep = () => this.keep(set, before, by);
    const kept = await (once === undefined ? keep() : this.kept.ask(once, keep));
    return kept.ok ? answered(regDataOf(kept.value, previous)) : kept;
  }

  private async keep(set: CachedSet, before: CachedSet | undefined, by: Told): Promise<Answer<CachedSet>> {
    try {
      await recordSubscription(this.ports.log, before, set, by === 'reg' ? 'registration' : 'call');
    } catch (error) {
      // Who calls is served all the same; who registers is refused where the binding is written, by the same log.
      this.ports.onFault?.(error);
      return answered(set);
    }
    try {
      return answered(await this.ports.sets.put(set));
    } catch (error) {
      this.ports.onFault?.(error);
      return failed('unavailable');
    }
  }

  /** A deregistration takes the set out of the cache whatever the HSS says of it, unless none was reached. */
  private async release(
    set: CachedSet | undefined,
    reqtype: Exclude<RegDataRequest, 'reg' | 'call'>,
    about: Omit<Parameters<CxClient['serverAssignment']>[0], 'type'>,
  ): Promise<Answer<RegData> | { wildcard: string }> {
    const type = DEREGISTRATIONS[reqtype];
    const isOfAuthentication = type === ASSIGNMENT.AUTHENTICATION_FAILURE || type === ASSIGNMENT.AUTHENTICATION_TIMEOUT; // prettier-ignore
    // Deliberate: it ends loops of deregistrations between S-CSCF and HSS.
    if (!set && !isOfAuthentication) return failed('bad-request');
    const assigned = await this.ports.cx.serverAssignment({ ...about, type });
    if (assigned.kind === 'wildcard') return { wildcard: assigned.wildcard };
    const isUnreached = assigned.kind === 'failed' && assigned.failure === 'hss-unreachable';
    if (set && !isOfAuthentication && !isUnreached) await this.write(() => this.ports.sets.remove(set));
    if (assigned.kind === 'failed') return failed(assigned.failure);
    if (set) return answered({ ...regDataOf(set), ...(isOfAuthentication ? {} : NOT_REGISTERED) });
    return answered({ ...NOT_REGISTERED, imsSubscriptionXml: '', chargingAddresses: { ccf: [], ecf: [] } });
  }

  private get ours(): ServerAssignment {
    return { resultCode: 2001, scscf: this.ports.scscfUri };
  }

  private async isRegistered(impi: string, impu: string): Promise<boolean> {
    const set = await this.ports.sets.find(impu).catch((error: unknown) => this.unread(error));
    return set?.state === 'REGISTERED' && set.impis.includes(impi);
  }

  /**
   * Whom the HSS lets in no more we do not let in when it is away. Not for a refusal of a pair that is not registered: anybody can ask
   * about another's private identity.
   */
  private async forgetRefused(impi: string, impu: string, failure: HomesteadFailure): Promise<void> {
    if (failure !== 'not-found' && failure !== 'forbidden') return;
    if (await this.isRegistered(impi, impu)) this.ports.vectors.delete(impi);
  }

  private async read(impu: string): Promise<CachedSet | undefined> {
    try {
      return await this.ports.sets.find(impu);
    } catch (error) {
      throw new StoreFailed('timeout', error);
    }
  }

  private async write(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      throw new StoreFailed('unavailable', error);
    }
  }

  private async guarded<T>(answer: () => Promise<Answer<T>>): Promise<Answer<T>> {
    try {
      return await answer();
    } catch (error) {
      if (!(error instanceof StoreFailed)) throw error;
      this.ports.onFault?.(error.cause);
      return failed(error.failure);
    }
  }

  /** Nothing read: the HSS knows. */
  private unread(error: unknown): undefined {
    this.ports.onFault?.(error);
    return undefined;
  }
}

const NOT_REGISTERED = { state: 'NOT_REGISTERED' } as const;

const regDataOf = (set: CachedSet, previousState?: RegData['state']): RegData => ({
  state: set.state,
  ...(previousState === undefined ? {} : { previousState }),
  imsSubscriptionXml: set.xml,
  chargingAddresses: set.chargingAddresses,
});

const privateIdOf = (set: CachedSet | undefined): string | undefined =>
  set && readSubscription(set.xml)?.privateId;

/** The set as the log has it. Appends nothing when the HSS told what is known. */
export const recordSubscription = async (
  log: Pick<EventLog, 'append'>,
  before: CachedSet | undefined,
  set: CachedSet,
  by: 'registration' | 'call' | 'push',
): Promise<void> => {
  const told = { ...asTold(set), by };
  const known = before && asTold(before);
  const events = assignment.decide(known, { type: 'ReceiveSubscription', data: told });
  if (events.length > 0) await log.append(assignmentStream(defaultImpuOf(set)), events);
};

const asTold = ({ xml, impus, impis, chargingAddresses: { ccf, ecf } }: CachedSet) => ({
  xml,
  publicIdentities: impus,
  privateIdentities: impis,
  collectionFunctions: ccf,
  eventFunctions: ecf,
});

export const createHssHomestead = (ports: HssModePorts): HomesteadCore => new HssMode(ports);
