// What Homestead's HTTP API asks of its core, beside what the router asks. Cores: homestead.ts (subscribers of this deployment),
// hss/hss-homestead.ts (subscribers of an HSS). Used by the controllers and by apps/clearwater.
import type { AkaVector, Answer, AuthVector, Homestead, RegData } from '#libs/homestead-client';

/** `any`: the HSS chooses. */
export type AuthScheme = 'any' | 'digest' | 'akav1' | 'akav2';

export type AuthenticationOptions = Readonly<{
  scheme: AuthScheme;
  /** Of a phone that has counted further: RAND and AUTS (TS 33.203 §6.1.3). */
  resync?: Buffer;
  serverName?: string;
}>;

export type HomesteadCore = Homestead &
  Readonly<{
    /** GET reg-data: what reg-data requests have left here; not-found when there were none of late. */
    cachedRegData(impu: string): Promise<Answer<RegData>>;
    /** GET av. */
    authentication(
      impi: string,
      impu: string,
      options: AuthenticationOptions,
    ): Promise<Answer<AuthVector | AkaVector>>;
  }>;

export const answered = <T>(value: T): Answer<T> => ({ ok: true, value });
