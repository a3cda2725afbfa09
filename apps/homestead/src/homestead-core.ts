// What Homestead's HTTP API asks of its core, beside what the router asks. Cores: homestead.ts (subscribers of this deployment),
// hss/hss-homestead.ts (subscribers of an HSS). Used by the controllers and by apps/clearwater.
import type { Answer, Homestead, RegData } from '#libs/homestead-client';

export type HomesteadCore = Homestead &
  Readonly<{
    /** GET reg-data: what reg-data requests have left here; not-found when there were none of late. */
    cachedRegData(impu: string): Promise<Answer<RegData>>;
  }>;

export const answered = <T>(value: T): Answer<T> => ({ ok: true, value });
