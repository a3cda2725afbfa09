// Header names the engine knows by number, with their compact forms (RFC 3261 §20, §7.3.3).
// Reader: parse-message.ts. A header that is not here is found by name, slower.

/** Ids are indexes; `HEADER_NAMES[id]` is the canonical name written on the wire. */
export const HEADER_NAMES = [
  'Via', 'Route', 'Record-Route', 'From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Contact', 'Content-Length',
  'Content-Type', 'Expires', 'Authorization', 'Proxy-Authorization', 'WWW-Authenticate', 'Proxy-Authenticate',
  'Proxy-Require', 'Require', 'Supported', 'Path', 'Service-Route', 'P-Associated-URI', 'P-Asserted-Identity',
  'P-Preferred-Identity', 'P-Served-User', 'P-Charging-Vector', 'P-Charging-Function-Addresses',
  'P-Access-Network-Info', 'P-Visited-Network-ID', 'P-Called-Party-ID', 'P-Profile-Key', 'Privacy', 'Event',
  'Accept', 'Allow', 'Allow-Events', 'Accept-Contact', 'Reject-Contact', 'Request-Disposition', 'Reason',
  'Retry-After', 'Min-Expires', 'Session-Expires', 'Min-SE', 'Refer-To', 'Subject', 'Content-Encoding',
  'Subscription-State', 'History-Info', 'Diversion', 'Max-Breadth', 'Security-Client', 'Security-Verify',
  'Security-Server', 'User-Agent', 'Timestamp',
] as const; // prettier-ignore

/** One constant a header: `H.Via`, `H.RecordRoute`, `H.PAssertedIdentity`. */
export const H = Object.freeze({
  Via: 0, Route: 1, RecordRoute: 2, From: 3, To: 4, CallId: 5, CSeq: 6, MaxForwards: 7, Contact: 8, ContentLength: 9,
  ContentType: 10, Expires: 11, Authorization: 12, ProxyAuthorization: 13, WwwAuthenticate: 14, ProxyAuthenticate: 15,
  ProxyRequire: 16, Require: 17, Supported: 18, Path: 19, ServiceRoute: 20, PAssociatedUri: 21, PAssertedIdentity: 22,
  PPreferredIdentity: 23, PServedUser: 24, PChargingVector: 25, PChargingFunctionAddresses: 26,
  PAccessNetworkInfo: 27, PVisitedNetworkId: 28, PCalledPartyId: 29, PProfileKey: 30, Privacy: 31, Event: 32,
  Accept: 33, Allow: 34, AllowEvents: 35, AcceptContact: 36, RejectContact: 37, RequestDisposition: 38, Reason: 39,
  RetryAfter: 40, MinExpires: 41, SessionExpires: 42, MinSe: 43, ReferTo: 44, Subject: 45, ContentEncoding: 46,
  SubscriptionState: 47, HistoryInfo: 48, Diversion: 49, MaxBreadth: 50, SecurityClient: 51, SecurityVerify: 52,
  SecurityServer: 53, UserAgent: 54, Timestamp: 55,
} as const); // prettier-ignore

export type HeaderId = number;
/** A header the table does not know. */
export const UNKNOWN_HEADER = -1;

const COMPACT: Readonly<Record<string, HeaderId>> = {
  v: H.Via, f: H.From, t: H.To, i: H.CallId, m: H.Contact, l: H.ContentLength, c: H.ContentType, k: H.Supported,
  s: H.Subject, e: H.ContentEncoding, o: H.Event, u: H.AllowEvents, r: H.ReferTo, a: H.AcceptContact,
  j: H.RejectContact, d: H.RequestDisposition, x: H.SessionExpires,
}; // prettier-ignore

/** Lower-case names and compact forms → id, for the parser's slow path and for edits by name. */
export const HEADER_IDS: ReadonlyMap<string, HeaderId> = new Map<string, HeaderId>([
  ...HEADER_NAMES.map((name, id) => [name.toLowerCase(), id] as const),
  ...Object.entries(COMPACT),
]);
