// Whose call an INVITE is, which way it goes and who is at the other end, as the list tells it. Addresses of record only: a password, a
// parameter or a header of a URI is not noted, nor a caller who wants to be private (RFC 3323 §4.2). RFC 5502 §4.4 for the served
// user, RFC 3325 §9.1 for the caller. Pure. Reader: call-list.ts.
import type { CallBegun } from '#libs/domain';
import { addrUri, aorOf, headerParam, splitValues } from '#libs/sip';

/** What is read of a drachtio-srf request. */
export type Invitation = Readonly<{ uri: string; get(name: string): string | undefined }>;

/** A longer identity is no subscriber's. */
const AOR_LENGTH_MAX = 256;

/** `sip:anonymous@anonymous.invalid` and its kind (RFC 3323 §4.1.1.3) name nobody. */
const NOBODY = /@anonymous\.invalid$/i;

/** undefined: there is none, or what is there is none. */
const aorIn = (header: string | undefined): string | undefined => {
  const [first] = header === undefined ? [] : splitValues(header);
  const aor = first === undefined ? undefined : aorOf(addrUri(first));
  return aor === undefined || aor.length > AOR_LENGTH_MAX || NOBODY.test(aor) ? undefined : aor;
};

/** Any value but `none` keeps the caller's name back: a list is no trusted network. */
const isPrivate = (privacy = ''): boolean =>
  privacy.split(/[;,\s]+/).some((value) => value !== '' && !/^(none|critical)$/i.test(value));

/** `call` names it in the list; undefined: nobody whose list it could be in. */
export const callOf = (request: Invitation, call: string, atMs: number): CallBegun | undefined => {
  const served = request.get('P-Served-User');
  const isOutgoing = served !== undefined && headerParam(served, 'sescase')?.toLowerCase() === 'orig';
  // A server without P-Served-User sends what was called.
  const impu = aorIn(served) ?? aorIn(request.get('To'));
  if (impu === undefined) return undefined;
  const caller = isPrivate(request.get('Privacy'))
    ? undefined
    : (aorIn(request.get('P-Asserted-Identity')) ?? aorIn(request.get('From')));
  const party = isOutgoing ? aorIn(request.uri) : caller;
  const direction = isOutgoing ? 'outgoing' : 'incoming';
  const data = { impu, call, direction, ...(party === undefined ? {} : { party }), atMs } as const;
  return { type: 'CallBegun', data };
};
