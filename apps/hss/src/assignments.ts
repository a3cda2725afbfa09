// Which S-CSCF serves whom, and in which state: what the HSS remembers between requests. One entry a subscriber, as its public identities
// are registered together. TS 29.228 §6.1 (states), TS 23.008 §3.1. In memory: a start forgets it.
import type { Subscriber } from './subscriber-file.js';

export type RegistrationState = 'not-registered' | 'unregistered' | 'registered';

export type Assignment = {
  state: RegistrationState;
  serverName: string | undefined;
  /** The Diameter host that assigned it: where RTR and PPR go. */
  serverHost: string | undefined;
  serverRealm: string | undefined;
  /** A MAR came, and its SAR has not. */
  isAuthenticationPending: boolean;
  /** As it was last given out. */
  sqn: number | undefined;
};

export interface Subscribers {
  byImpi(impi: string): Subscriber | undefined;
  byImpu(impu: string): Subscriber | undefined;
  assignment(subscriber: Subscriber): Assignment;
  /** States are kept for those who stay. */
  replace(subscribers: readonly Subscriber[]): void;
  readonly size: number;
}

export const createSubscribers = (first: readonly Subscriber[]): Subscribers => {
  let byImpi = new Map<string, Subscriber>();
  let byImpu = new Map<string, Subscriber>();
  const assignments = new Map<string, Assignment>();
  const replace = (subscribers: readonly Subscriber[]): void => {
    byImpi = new Map(subscribers.map((one) => [one.impi, one]));
    byImpu = new Map(subscribers.flatMap((one) => one.impus.map((impu) => [impu, one])));
    for (const impi of assignments.keys()) if (!byImpi.has(impi)) assignments.delete(impi);
  };
  replace(first);
  return {
    byImpi: (impi) => byImpi.get(impi),
    byImpu: (impu) => byImpu.get(impu),
    assignment({ impi }) {
      const found = assignments.get(impi);
      if (found) return found;
      const made: Assignment = {
        state: 'not-registered',
        serverName: undefined,
        serverHost: undefined,
        serverRealm: undefined,
        isAuthenticationPending: false,
        sqn: undefined,
      };
      assignments.set(impi, made);
      return made;
    },
    replace,
    get size() {
      return byImpi.size;
    },
  };
};
