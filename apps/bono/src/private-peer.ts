// What a client may not see of a peer that wants privacy, beyond what the core has hidden already (RFC 3323 §5.1, §5.3; TS 24.607
// §4.5.2): the way to it (Via, Record-Route, Contact, Call-ID) and what its device says of itself. Via is kept in the transaction;
// the rest is sealed into what the client sends back, so a dialog outlives this edge. Users: handlers/from-core.ts, from-client.ts.
import {
  addrUri,
  detached,
  type Edits,
  H,
  removeParam,
  type SipMessage,
  tagOf,
  TextSeal,
  uriParam,
  userOf,
  values,
} from '#libs/sip';

/** In this edge's Record-Route of the core's side: what goes to the client hides the other end. */
export const HIDDEN_PARAM = 'hidden';

/** `path`: where it is; `user`: who it is too. */
export type Wish = 'path' | 'user';

/** A dialog with a private peer, as its Record-Route says. */
export type Hidden = Readonly<{ wish: Wish; mark: string }>;

/** What is to be put back into answers to a request whose own form was hidden. */
export type Kept = Readonly<{ from: string; callId: string }>;

/** The URI by which a client finds this edge, with this user part. */
export type EdgeUri = (user: string) => string;

/** What stands for a sealed text in a user part, a Call-ID. */
const SEALED = 'anonymous.';
/** Longer texts have a seal of their own; nobody names himself so by chance. */
const SEAL_LENGTH_MIN = 40;
/** Of what is sealed; what is longer is left away where it can be, and shown where it must be. */
const TEXT_LENGTH_MAX = 500;
const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';
/** A Call-ID with one of these may name a host (RFC 3323 §4.1). */
const NAMES_HOST = /[@.:]/;

/** RFC 3323 §5.1, and what names the user for others than the callee. */
const TOLD_BY_PATH = [
  'Call-Info',
  'Server',
  'Organization',
  'Warning',
  'Remote-Party-ID',
  'Proxy-Authorization',
] as const;
/** RFC 3323 §5.3. */
const TOLD_BY_USER = ['Subject', 'User-Agent', 'Reply-To', 'In-Reply-To'] as const;
/** Of a Contact: they name the device. */
const TELLING_PARAMS = ['+sip.instance', 'reg-id'] as const;

const isSealed = (text: string): boolean =>
  text.startsWith(SEALED) && text.length >= SEALED.length + SEAL_LENGTH_MIN;

const wishIn = (mark: string): Wish => (mark.startsWith('u') ? 'user' : 'path');

/** The mark that one of this edge's own Route URIs carries. */
export const hiddenIn = (ownRoutes: readonly string[]): Hidden | undefined => {
  for (const uri of ownRoutes) {
    if (!uri.includes(HIDDEN_PARAM)) continue;
    const mark = uriParam(uri, HIDDEN_PARAM);
    if (mark !== undefined) return { wish: wishIn(mark), mark };
  }
  return undefined;
};

/** For answers to what was sent with hidden Vias: they may come for long, so the request is let go of. */
export const keptOf = (request: SipMessage): Kept => ({
  from: detached(request.header(H.From)!),
  callId: detached(request.header(H.CallId)!),
});

export class PrivatePeers {
  readonly #seal: TextSeal;

  /** `key`: at least 32 bytes that outlive the process. */
  constructor(
    key: Buffer,
    private readonly isOwn: (uri: string) => boolean,
  ) {
    this.#seal = new TextSeal(key, 'private peers');
  }

  /** The first request of a dialog, on its way to a client: the mark that this edge's Record-Route is to carry. */
  begin(request: SipMessage, edits: Edits, wish: Wish): Hidden {
    const callId = request.header(H.CallId)!;
    const routes = values(request, H.RecordRoute);
    if (routes.length > 0) this.#sealRoutes(edits, routes, callId);
    return { wish, mark: this.#markOf(wish, callId, routes) };
  }

  /** A request of the peer's, on its way to a client. */
  hideRequest(request: SipMessage, edits: Edits, hidden: Hidden, uriOf: EdgeUri): void {
    const callId = request.header(H.CallId)!;
    if (hidden.wish === 'user') edits.replace(H.From, `${ANONYMOUS};tag=${tagOf(request.header(H.From)!)}`);
    if (NAMES_HOST.test(callId) && callId.length <= TEXT_LENGTH_MAX)
      edits.replace(H.CallId, SEALED + this.#seal.seal(callId));
    this.#hide(request, edits, hidden, uriOf);
  }

  /** The client's answer to such a request, on its way to the peer. */
  restoreResponse(response: SipMessage, edits: Edits, { from, callId }: Kept): void {
    edits.replace(H.From, from);
    edits.replace(H.CallId, callId);
    const routes = values(response, H.RecordRoute);
    if (routes.length > 0)
      edits.replaceAll(
        H.RecordRoute,
        routes.map((route) => this.#openUser(route, callId)),
      );
  }

  /**
   * A request of the client's in a marked dialog, made fit for the core: its Route, Call-ID and Request-URI as the peer knows
   * them. Only on the very way that was recorded: else somebody could have a contact opened and delivered to himself. Returns the Call-ID.
   */
  reveal(request: SipMessage, edits: Edits, { wish, mark }: Hidden): string {
    const stated = request.header(H.CallId)!;
    const callId = isSealed(stated) ? (this.#open(stated) ?? stated) : stated;
    const came = edits.takeAll(H.Route);
    const routes = came.map((route) => this.#openUser(route, callId));
    const isRecorded = this.#markOf(wish, callId, routes) === mark;
    edits.replaceAll(H.Route, isRecorded ? routes : came);
    if (!isRecorded) return stated;
    if (callId !== stated) edits.replace(H.CallId, callId);
    const { requestUri } = request;
    const contact = this.isOwn(requestUri) ? this.#open(userOf(requestUri), mark) : undefined;
    if (contact !== undefined) edits.requestUri(contact);
    return callId;
  }

  /** The peer's answer to that; `callId`: as the client knows it. */
  hideResponse(
    response: SipMessage,
    edits: Edits,
    hidden: Hidden,
    { callId, uriOf }: Readonly<{ callId: string; uriOf: EdgeUri }>,
  ): void {
    const own = response.header(H.CallId)!;
    edits.replace(H.CallId, callId);
    const routes = values(response, H.RecordRoute);
    if (routes.length > 0) this.#sealRoutes(edits, routes, own);
    this.#hide(response, edits, hidden, uriOf);
  }

  #hide(message: SipMessage, edits: Edits, { wish, mark }: Hidden, uriOf: EdgeUri): void {
    edits.remove(H.PAssertedIdentity);
    for (const name of TOLD_BY_PATH) edits.removeNamed(name);
    if (wish === 'user') for (const name of TOLD_BY_USER) edits.removeNamed(name);
    const contacts = values(message, H.Contact);
    if (contacts.length > 0)
      edits.replaceAll(
        H.Contact,
        contacts.map((contact) => this.#sealContact(contact, mark, uriOf)),
      );
  }

  #sealContact(contact: string, context: string, uriOf: EdgeUri): string {
    const uri = addrUri(contact);
    if (isSealed(userOf(uri))) return contact; // by the peer's own network
    const bare = TELLING_PARAMS.reduce(removeParam, contact);
    const after = bare.indexOf('>');
    const user = uri.length > TEXT_LENGTH_MAX ? 'anonymous' : SEALED + this.#seal.seal(uri, context);
    return `<${uriOf(user)}>${after < 0 ? '' : bare.slice(after + 1)}`;
  }

  /** The hosts stay: they are the network's. The user parts are flow tokens, which hold a client's address. */
  #sealRoutes(edits: Edits, routes: readonly string[], callId: string): void {
    edits.replaceAll(
      H.RecordRoute,
      routes.map((route) => {
        const user = userOf(addrUri(route));
        if (user === '' || isSealed(user)) return route;
        return route.replace(`${user}@`, () => `${SEALED}${this.#seal.seal(user, callId)}@`);
      }),
    );
  }

  #openUser(route: string, callId: string): string {
    const user = userOf(addrUri(route));
    const opened = user === '' ? undefined : this.#open(user, callId);
    return opened === undefined ? route : route.replace(`${user}@`, () => `${opened}@`);
  }

  #open(text: string, context = ''): string | undefined {
    return isSealed(text) ? this.#seal.open(text.slice(SEALED.length), context) : undefined;
  }

  #markOf(wish: Wish, callId: string, routes: readonly string[]): string {
    return wish.charAt(0) + this.#seal.mark([callId, wish, ...routes.map(addrUri)]);
  }
}
