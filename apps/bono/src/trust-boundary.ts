// Headers that only one side of the edge may speak of (RFC 3325 §6, RFC 7315, TS 24.229 §4.4 and §5.2).
// On parsed header names; what a client sends of them never reaches the core, and the core's own never a client.
import { withoutAuthParams } from './auth-params.js';
import type { Wish } from './private-peer.js';
import type { Trunk } from './trunks/trunk-file.js';
import { type Edits, H, HEADER_NAMES, LINE_STRIDE, type SipMessage, UNKNOWN_HEADER } from '#libs/sip';

const setOf = (ids: readonly number[]): Uint8Array => {
  const set = new Uint8Array(HEADER_NAMES.length);
  for (const id of ids) set[id] = 1;
  return set;
};

/** Said by the trusted zone alone: removed from everything that a client sends. */
const CORE_ONLY = [
  H.PAssertedIdentity,
  H.PServedUser,
  H.PChargingVector,
  H.PChargingFunctionAddresses,
  H.PAccessNetworkInfo,
  H.PVisitedNetworkId,
  H.PCalledPartyId,
  H.PProfileKey,
  H.PAssociatedUri,
  H.Path,
  H.ServiceRoute,
];
const FROM_CLIENT_REQUEST = setOf([...CORE_ONLY, H.PPreferredIdentity]);
const FROM_CLIENT_RESPONSE = setOf([...CORE_ONLY, H.Authorization, H.ProxyAuthorization]);
const USERS_ONLY: ReadonlySet<number> = new Set([
  H.PCalledPartyId,
  H.PAssociatedUri,
  H.PPreferredIdentity,
  H.Path,
  H.ServiceRoute,
]);
/** Internal: removed from everything that goes to a client. P-Asserted-Identity stays unless privacy asks. */
const TO_CLIENT = setOf([
  H.PServedUser,
  H.PChargingVector,
  H.PChargingFunctionAddresses,
  H.PAccessNetworkInfo,
  H.PVisitedNetworkId,
  H.PProfileKey,
]);

/** And what is between the core and its users alone. */
const TO_TRUNK = TO_CLIENT.map((taken, id) => (USERS_ONLY.has(id) ? 1 : taken));

/** Trust headers too rare for the header table, lower case. */
const RARE: ReadonlySet<string> = new Set([
  'p-asserted-service',
  'p-user-database',
  'p-private-network-indication',
  'p-dcs-billing-info',
  'p-dcs-osps',
  'p-dcs-trace-party-id',
  'p-dcs-laes',
  'p-dcs-redirect',
  'x-3gpp-asserted-identity',
  'x-xcap-asserted-identity',
]);

const strip = (message: SipMessage, edits: Edits, ids: Uint8Array): void => {
  const { lines, lineCount } = message;
  for (let line = 0; line < lineCount; line++) {
    const id = lines[line * LINE_STRIDE]!;
    if (id !== UNKNOWN_HEADER) {
      if (ids[id] === 1) edits.remove(id);
      continue;
    }
    // `p-` or `x-`: nothing else of the rare ones is worth spelling out.
    const first = message.raw.charCodeAt(lines[line * LINE_STRIDE + 1]!) | 32;
    if (first !== 0x70 && first !== 0x78) continue;
    const name = message.lineName(line);
    if (RARE.has(name.toLowerCase())) edits.removeNamed(name);
  }
};

export const stripClientRequest = (request: SipMessage, edits: Edits): void =>
  strip(request, edits, FROM_CLIENT_REQUEST);

export const stripClientResponse = (response: SipMessage, edits: Edits): void =>
  strip(response, edits, FROM_CLIENT_RESPONSE);

/** RFC 3323, RFC 3325 §7: with `id` (or what implies it) nobody untrusted learns the asserted identity. */
const PRIVATE = /(?:^|[;,\s])(?:id|header|user)(?:$|[;,\s])/i;
const USER = /(?:^|[;,\s])user(?:$|[;,\s])/i;

/** One line should say it all; what any of them asks for is done. */
const privacyWish = (message: SipMessage): Wish | undefined => {
  let wish: Wish | undefined;
  for (let line = message.findLine(H.Privacy); line >= 0; line = message.findLine(H.Privacy, line + 1)) {
    const value = message.lineValue(line);
    if (USER.test(value)) return 'user';
    if (PRIVATE.test(value)) wish = 'path';
  }
  return wish;
};

/**
 * For what goes to a trunk, request or response. In one trust domain identities stay whatever privacy asks for (RFC 3325 §5); else as for
 * a client.
 */
export const stripForTrunk = (
  message: SipMessage,
  edits: Edits,
  { identity }: Pick<Trunk, 'identity'>,
): void => {
  strip(message, edits, TO_TRUNK);
  if (identity !== 'trusted' && privacyWish(message) !== undefined) edits.remove(H.PAssertedIdentity);
};

const AKA_KEYS: ReadonlySet<string> = new Set(['ck', 'ik']);

/**
 * For what goes to a client, request or response: internal headers and, when asked for, identities and keys. Returns what else is
 * to be hidden (private-peer.ts).
 */
export const stripForClient = (message: SipMessage, edits: Edits): Wish | undefined => {
  strip(message, edits, TO_CLIENT);
  const wish = privacyWish(message);
  if (wish !== undefined) edits.remove(H.PAssertedIdentity);
  if (message.status === 401) stripKeys(message, edits);
  return wish;
};

/** The keys of an AKA vector are for the P-CSCF; they never go further (TS 33.203 §6.1). Each challenge has a line of its own. */
const stripKeys = (message: SipMessage, edits: Edits): void => {
  const challenges: string[] = [];
  let hasKeys = false;
  for (let line = message.findLine(H.WwwAuthenticate); line >= 0;) {
    const challenge = message.lineValue(line);
    const stripped = withoutAuthParams(challenge, AKA_KEYS);
    hasKeys ||= stripped !== challenge;
    challenges.push(stripped);
    line = message.findLine(H.WwwAuthenticate, line + 1);
  }
  if (!hasKeys) return;
  edits.remove(H.WwwAuthenticate);
  for (const challenge of challenges) edits.append(H.WwwAuthenticate, challenge);
};
