// Parsed service profiles by their XML text: parsing and compiling criteria once a document, not once a request.
// A changed profile is another text, so nothing here can be stale.
import {
  type ChainRules,
  compileProfile,
  type CompiledCriteria,
  type ImsSubscription,
  mayConcern,
  type ServiceProfile,
} from '#libs/domain';
import { defaultImpu, matchesWildcard, parseImsSubscription } from '#libs/homestead-client';
import { type CriteriaSets, NO_SETS } from './isc/criteria-sets.js';

/** Documents kept; beyond it the oldest goes. */
const PROFILES_MAX = 50_000;
/** Different lists of criteria kept; beyond it the oldest goes. Subscribers are provisioned from few templates. */
const CRITERIA_LISTS_MAX = 10_000;

/** One public identity of an implicit registration set, as call processing asks for it. */
export type ServedProfile = Readonly<{
  barred: boolean;
  criteria: CompiledCriteria;
  tellsServers: boolean;
}>;

export type Profile = Readonly<{
  /** First unbarred identity: names the registration row. Undefined when every identity is barred. */
  defaultImpu: string | undefined;
  /** Unbarred, not wildcarded, in the order of the document: P-Associated-URI. */
  identities: readonly string[];
  served: Pick<ReadonlyMap<string, ServedProfile>, 'get'>;
  /** What serves an identity that is named there only by a pattern (TS 23.003 §13.4A); undefined: nothing does. */
  wildcard(impu: string): ServedProfile | undefined;
  /** Some criterion may ask for a third-party REGISTER. */
  tellsServers: boolean;
}>;

/** The two that serve with the same criteria: subscribers who have them in common share these too. */
type Served = Readonly<{ open: ServedProfile; barred: ServedProfile }>;

const noWildcard = (): undefined => undefined;

/** What serves the only identity of a set, as most have one: a `Map` takes four times as much. */
class SoleServed {
  constructor(
    private readonly only: string,
    private readonly profile: ServedProfile,
  ) {}

  get(impu: string): ServedProfile | undefined {
    return impu === this.only ? this.profile : undefined;
  }
}

/** It is kept for each user: arrays are as long as what is in them, and what users have in common is not made anew. */
const profileOf = (subscription: ImsSubscription, compile: (profile: ServiceProfile) => Served): Profile => {
  const served = new Map<string, ServedProfile>();
  const identities: string[] = [];
  let tellsServers = false;
  const wildcards: Readonly<{ pattern: string; profile: ServedProfile }>[] = [];
  for (const serviceProfile of subscription.serviceProfiles) {
    const both = compile(serviceProfile);
    for (const { identity, barred, kind, wildcard } of serviceProfile.publicIdentities) {
      const profile = barred ? both.barred : both.open;
      served.set(identity, profile);
      tellsServers ||= profile.tellsServers;
      if (kind !== 'distinct') wildcards.push({ pattern: wildcard ?? identity, profile });
      if (!barred && kind !== 'wildcarded-psi' && kind !== 'wildcarded-impu') identities.push(identity);
    }
  }
  const [sole] = served;
  return {
    defaultImpu: defaultImpu(subscription),
    identities: identities.slice(),
    tellsServers,
    served: sole !== undefined && served.size === 1 ? new SoleServed(...sole) : served,
    wildcard:
      wildcards.length === 0
        ? noWildcard
        : (impu) => wildcards.find(({ pattern }) => matchesWildcard(pattern, impu))?.profile,
  };
};

const UNUSABLE = Symbol('unusable');

/** Profiles by document. */
export class ProfileCache {
  readonly #profiles = new Map<string, Profile | typeof UNUSABLE>();
  /** By what they were compiled from: subscribers with equal criteria share one list, which stays in the processor's cache. */
  readonly #criteria = new Map<string, Served>();

  #sets: CriteriaSets = NO_SETS;
  /** By the user's own criteria; made anew with the operator's. */
  #rules = new WeakMap<CompiledCriteria, ChainRules>();

  /** The operator's shared and fallback criteria; what is compiled with the former ones is forgotten. */
  useSets(sets: CriteriaSets): void {
    this.#sets = sets;
    this.#rules = new WeakMap();
    this.#profiles.clear();
    this.#criteria.clear();
  }

  /** What a chain of a user with these criteria goes by. */
  rules(criteria: CompiledCriteria): ChainRules {
    let rules = this.#rules.get(criteria);
    if (rules === undefined) {
      rules = { criteria, ...this.#sets.chain };
      this.#rules.set(criteria, rules);
    }
    return rules;
  }

  /** undefined: the document is no usable IMSSubscription (a fault of the back end, not of the user). */
  profile(imsSubscriptionXml: string): Profile | undefined {
    const known = this.#profiles.get(imsSubscriptionXml);
    if (known !== undefined) return known === UNUSABLE ? undefined : known;
    const parsed = parseImsSubscription(imsSubscriptionXml);
    const profile = parsed.ok ? profileOf(parsed.value, this.#compile) : undefined;
    if (this.#profiles.size >= PROFILES_MAX) this.#profiles.delete(this.#profiles.keys().next().value!);
    this.#profiles.set(imsSubscriptionXml, profile ?? UNUSABLE);
    return profile;
  }

  readonly #compile = (profile: ServiceProfile): Served => {
    const { criteria, sharedSetIds, problems } = profile;
    const key = JSON.stringify([criteria, sharedSetIds, problems]);
    const known = this.#criteria.get(key);
    if (known !== undefined) return known;
    const compiled = compileProfile(profile, this.#sets.shared);
    const asked = [...compiled.criteria, ...(this.#sets.chain.fallback?.criteria ?? [])];
    const tellsServers = asked.some(({ source }) => mayConcern(source, 'REGISTER'));
    const served: Served = {
      open: { barred: false, criteria: compiled, tellsServers },
      barred: { barred: true, criteria: compiled, tellsServers },
    };
    if (this.#criteria.size >= CRITERIA_LISTS_MAX) this.#criteria.delete(this.#criteria.keys().next().value!);
    this.#criteria.set(key, served);
    return served;
  };
}
