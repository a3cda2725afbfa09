// The P-Charging-Vector that this edge puts into what comes from outside: it is the first trusted node, so it names the call (RFC 7315 §4.6,
// TS 24.229 §5.2.6.3). By chance, not by the Call-ID, which the caller chooses. Users: the handlers.
import type { Random } from '#libs/runtime';

const ICID_CHARACTERS = 26; // ≥ 128 bits

export const newIcid = (random: Pick<Random, 'token'>): string => random.token(ICID_CHARACTERS);

type Named = Readonly<{ publicHost: string; homeDomain: string }>;

/** Of what comes from outside this network, which says nothing of its own operator. */
export const vectorFromOutside = (icid: string, { publicHost }: Pick<Named, 'publicHost'>): string =>
  `icid-value=${icid};icid-generated-at=${publicHost}`;

/** Of what a user of this network sends. */
export const vectorOfUser = (icid: string, settings: Named): string =>
  `${vectorFromOutside(icid, settings)};orig-ioi=${settings.homeDomain}`;
