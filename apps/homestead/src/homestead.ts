// Homestead in local mode: answers the Cx questions from the subscriber views (backend.md §1, §1.6 with its defects mended:
// an unknown user is not found, and a change of provisioning holds for the next question).
// Reads subscriber-profiles and the credential store, where it counts the sequence numbers of SIMs; appends nothing. What is cached is answered without I/O.
import { type CredentialStore, type DigestCredential, ofSubscriber } from '#libs/stores';
import type {
  AkaVector,
  Answer,
  AuthenticationOptions,
  AuthVector,
  HomesteadFailure,
  RegData,
  RegDataRequest,
  ServerAssignment,
} from '#libs/homestead-client';
import type { Clock, Random } from '#libs/runtime';
import { BoundedMap, type ServedSet, SUBSCRIBER_CACHE_MAX } from '#projections/subscriber-profiles';
import type { SubscriberProfiles } from '#projections/subscriber-profiles';
import { nextAkaVector } from './aka-vectors.js';
import { answered as ok, type HomesteadCore } from './homestead-core.js';
import { createRegistrationStates, type RegistrationStates } from './registration-states.js';

export type HomesteadPorts = Readonly<{
  profiles: SubscriberProfiles;
  credentials: Pick<CredentialStore, 'get' | 'sequence' | 'advanceSequence'>;
  clock: Clock;
  random: Pick<Random, 'bytes'>;
  /** Our S-CSCF, a SIP URI: the server that every user is assigned to. */
  scscfUri: string;
  /** Charging functions in the order to try (backend.md §1.1: CCF and ECF, two each at most on Cx). */
  chargingAddresses?: RegData['chargingAddresses'];
  /** How long a registration state is remembered without a further reg-data request, in s. */
  recordTtlS?: number;
  cacheMax?: number;
  /** A store that did not answer; the caller learns 'unavailable'. */
  onFault?: (error: unknown) => void;
}>;

const failed = (failure: HomesteadFailure): Answer<never> => ({ ok: false, failure });

// The same promises each time: a refusal costs nothing, and nobody can change them.
const NOT_FOUND = failed('not-found');
const BAD_REQUEST = failed('bad-request');
const UNAVAILABLE = failed('unavailable');

const vectorOf = (version: string, credential: DigestCredential): AuthVector => ({
  kind: 'digest',
  realm: credential.realm,
  qop: 'auth',
  ha1Md5: credential.ha1Md5,
  ...(credential.ha1Sha256 === undefined ? {} : { ha1Sha256: credential.ha1Sha256 }),
  version,
});

/** The set's own text of a private identity that may use it: what a caller asks with may be a slice of a message. */
const ownText = ({ privateIds }: ServedSet, impi: string): string | undefined =>
  privateIds[privateIds.indexOf(impi)];

const isOfAka = ({ scheme }: AuthenticationOptions): boolean => scheme === 'akav1' || scheme === 'akav2';

class LocalMode implements HomesteadCore {
  /** By private identity, as long as the credential stays in force. */
  private readonly vectors: BoundedMap<AuthVector>;
  private readonly states: RegistrationStates;
  private readonly assigned: Promise<Answer<ServerAssignment>>;
  private readonly chargingAddresses: RegData['chargingAddresses'];

  constructor(private readonly ports: HomesteadPorts) {
    this.vectors = new BoundedMap(ports.cacheMax ?? SUBSCRIBER_CACHE_MAX);
    ports.profiles.onCredentialChanged((impi) => {
      if (impi === undefined) this.vectors.clear();
      else this.vectors.delete(impi);
    });
    this.states = createRegistrationStates(ports.clock, ports.recordTtlS);
    this.assigned = Promise.resolve(ok({ resultCode: 2001, scscf: ports.scscfUri }));
    this.chargingAddresses = ports.chargingAddresses ?? { ccf: [], ecf: [] };
  }

  async authVector(impi: string, impu: string): Promise<Answer<AuthVector>> {
    const answer = await this.authentication(impi, impu, { scheme: 'digest' });
    if (!answer.ok) return answer;
    return answer.value.kind === 'digest' ? ok(answer.value) : NOT_FOUND;
  }

  /** Subscribers of this deployment have a password or a SIM. */
  authentication(
    impi: string,
    impu: string,
    options: AuthenticationOptions,
  ): Promise<Answer<AuthVector | AkaVector>> {
    const profile = this.ports.profiles.peekIdentity(impu);
    if (!profile) return this.guarded(this.vectorAfterReading(impi, impu, options));
    const own = ownText(profile, impi);
    if (own === undefined) return Promise.resolve(NOT_FOUND);
    const held = this.vectors.get(own);
    if (held === undefined) return this.guarded(this.readVector(own, options));
    return Promise.resolve(isOfAka(options) ? NOT_FOUND : ok(held));
  }

  registrationStatus(impi: string, impu: string): Promise<Answer<ServerAssignment>> {
    const profile = this.ports.profiles.peekIdentity(impu);
    if (profile) return this.assignedWhen(profile.privateIds.includes(impi));
    return this.guarded(
      this.ports.profiles.served(impu).then((read) => this.assignedWhen(read?.privateIds.includes(impi))),
    );
  }

  location(impu: string): Promise<Answer<ServerAssignment>> {
    if (this.ports.profiles.peekIdentity(impu)) return this.assigned;
    return this.guarded(
      this.ports.profiles.served(impu).then((read) => this.assignedWhen(read !== undefined)),
    );
  }

  regData(
    impu: string,
    request: Readonly<{ reqtype: RegDataRequest; impi?: string; wildcardIdentity?: string }>,
  ): Promise<Answer<RegData>> {
    // TS 29.228 §6.1.2: a wildcarded identity is looked up under its wildcard.
    const key = request.wildcardIdentity ?? impu;
    const profile = this.ports.profiles.peekIdentity(key);
    if (profile) return Promise.resolve(this.assign(profile, request.reqtype, request.impi));
    return this.guarded(
      this.ports.profiles
        .served(key)
        .then((read) => (read ? this.assign(read, request.reqtype, request.impi) : NOT_FOUND)),
    );
  }

  async cachedRegData(impu: string): Promise<Answer<RegData>> {
    const read = this.guarded(this.ports.profiles.served(impu).then((profile) => ok(profile)));
    const found = await read;
    if (!found.ok) return found;
    const state = found.value && this.states.of(found.value.irs);
    if (!found.value || !state || state === 'NOT_REGISTERED') return NOT_FOUND;
    const { chargingAddresses } = this;
    return ok({ state, imsSubscriptionXml: found.value.xml, chargingAddresses });
  }

  /** The decision table of backend.md §1.1; in local mode the view is the HSS, and always current. */
  private assign(profile: ServedSet, reqtype: RegDataRequest, impi: string | undefined): Answer<RegData> {
    const { irs, xml } = profile;
    const { chargingAddresses } = this;
    if (impi !== undefined && !profile.privateIds.includes(impi)) return NOT_FOUND;
    const previousState = this.states.of(irs);
    switch (reqtype) {
      case 'reg':
        this.states.set(irs, 'REGISTERED');
        return ok({ state: 'REGISTERED', previousState, imsSubscriptionXml: xml, chargingAddresses });
      case 'call': {
        if (previousState === 'NOT_REGISTERED') this.states.set(irs, 'UNREGISTERED');
        const state = previousState === 'NOT_REGISTERED' ? 'UNREGISTERED' : previousState;
        return ok({ state, previousState, imsSubscriptionXml: xml, chargingAddresses });
      }
      case 'dereg-user':
      case 'dereg-admin':
      case 'dereg-timeout':
        // Deliberate: it ends loops of deregistrations between S-CSCF and HSS.
        if (previousState === 'NOT_REGISTERED') return BAD_REQUEST;
        this.states.set(irs, 'NOT_REGISTERED');
        return ok({ state: 'NOT_REGISTERED', imsSubscriptionXml: xml, chargingAddresses });
      case 'dereg-auth-failed':
      case 'dereg-auth-timeout':
        if (previousState === 'NOT_REGISTERED') return BAD_REQUEST;
        return ok({ state: previousState, imsSubscriptionXml: xml, chargingAddresses });
    }
  }

  private assignedWhen(known: boolean | undefined): Promise<Answer<ServerAssignment>> {
    return known ? this.assigned : Promise.resolve(NOT_FOUND);
  }

  private async vectorAfterReading(
    impi: string,
    impu: string,
    options: AuthenticationOptions,
  ): Promise<Answer<AuthVector | AkaVector>> {
    const profile = await this.ports.profiles.served(impu);
    const own = profile && ownText(profile, impi);
    return own === undefined ? NOT_FOUND : this.readVector(own, options);
  }

  private async readVector(
    impi: string,
    options: AuthenticationOptions,
  ): Promise<Answer<AuthVector | AkaVector>> {
    const { profiles, credentials } = this.ports;
    const watch = profiles.watchCredential(impi);
    try {
      const inForce = await profiles.credential(impi);
      if (!inForce) return NOT_FOUND;
      const secret = ofSubscriber(await credentials.get(inForce.version));
      if (!secret) {
        // Replaced while it was read: the newer one counts. Still in force and yet not there: a fault of ours.
        const now = await profiles.credential(impi);
        return now && now.version !== inForce.version ? await this.readVector(impi, options) : UNAVAILABLE;
      }
      if (isOfAka(options) ? secret.kind !== 'aka' : options.scheme === 'digest' && secret.kind === 'aka')
        return NOT_FOUND;
      if (secret.kind === 'aka') {
        const version = options.scheme === 'akav2' ? 2 : 1;
        const wanted = { credentialVersion: inForce.version, version, resync: options.resync } as const;
        const made = await nextAkaVector(this.ports, secret, wanted);
        return made === undefined ? UNAVAILABLE : ok(made);
      }
      const vector = vectorOf(inForce.version, secret);
      if (!watch.isStale) this.vectors.set(impi, vector);
      return ok(vector);
    } finally {
      profiles.endWatch(watch);
    }
  }

  /** A store that does not answer is never shown as a user who does not exist. */
  private guarded<T>(answer: Promise<Answer<T>>): Promise<Answer<T>> {
    return answer.catch((error: unknown) => {
      this.ports.onFault?.(error);
      return UNAVAILABLE;
    });
  }
}

export const createHomestead = (ports: HomesteadPorts): HomesteadCore => new LocalMode(ports);
