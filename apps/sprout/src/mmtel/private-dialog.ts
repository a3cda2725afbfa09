// Dialogs of a caller who wants user privacy: what it says later (ACK, BYE, re-INVITE, its answers) would tell what the first
// request did not, so the server stays on the dialog's way and hides it there too (RFC 3323 §5.3). Nothing is remembered: its
// Record-Route says whose dialog it is. Used by served-call.ts for the first request, by mmtel.ts for those that follow.
import { ANONYMOUS_URI, dialogTag } from '#libs/domain';
import {
  addrUri,
  type Edits,
  firstValue,
  H,
  type NextHop,
  prepareRoute,
  type SipMessage,
  tagOf,
  uriParam,
  values,
} from '#libs/sip';
import { isOwn } from '../session/own-route.js';
import { MMTEL_LISTENER } from './mmtel-listener.js';
import type { ContactSeal } from './sealed-contact.js';

/** RFC 3323 §4.1, §5.3: what a user agent may put in about its user. */
const TELLING_HEADERS = [
  'Subject',
  'Call-Info',
  'Organization',
  'User-Agent',
  'Server',
  'Reply-To',
  'In-Reply-To',
] as const;
const PRIVATE = 'id;header;user';
const CALLER_PARAM = 'private';

/** Who asks now: the one whose dialog is private, or the other. */
type Side = 'private' | 'other';

export type PrivateRequest = Readonly<{ side: Side; hop: NextHop }>;

/** RFC 3323 §4.1.1.3; the tag stays, as dialogs go by it. */
export const anonymousFrom = (request: SipMessage): string =>
  `"Anonymous" <${ANONYMOUS_URI}>;tag=${tagOf(request.header(H.From)!)}`;

export class PrivateDialogs {
  constructor(
    private readonly seal: ContactSeal,
    private readonly recordUri: string,
    private readonly ownHosts: ReadonlySet<string>,
  ) {}

  /** The first request of a dialog leaves: its Contact is hidden, and what follows comes by here. */
  begin(request: SipMessage, edits: Edits): void {
    const contact = firstValue(request, H.Contact);
    if (contact === undefined || this.seal.isHidden(addrUri(contact))) return;
    const caller = dialogTag(request.header(H.CallId)!, tagOf(request.header(H.From)!));
    edits.prepend(H.RecordRoute, `<${this.recordUri};lr;${CALLER_PARAM}=${caller}>`);
    edits.replace(H.Contact, this.seal.hide(contact));
  }

  /** A request within such a dialog, made fit to go on; undefined: it is of no dialog of this server's. */
  goOn(request: SipMessage, edits: Edits): PrivateRequest | undefined {
    const top = firstValue(request, H.Route);
    const caller = top === undefined ? undefined : uriParam(addrUri(top), CALLER_PARAM);
    if (caller === undefined) return undefined;
    const { next, nextHopUri } = prepareRoute(edits, { isOwn: (uri) => isOwn(uri, this.ownHosts) });
    const callId = request.header(H.CallId)!;
    if (next === undefined) return undefined;
    const hop: NextHop = { kind: 'uri', uri: nextHopUri, listener: MMTEL_LISTENER };
    if (dialogTag(callId, tagOf(request.header(H.From)!)) === caller) {
      edits.replace(H.From, anonymousFrom(request));
      edits.replace(H.Privacy, PRIVATE);
      this.hideWhatTells(request, edits);
      return { side: 'private', hop };
    }
    if (dialogTag(callId, tagOf(request.header(H.To)!)) !== caller) return undefined;
    const revealed = this.seal.reveal(request.requestUri);
    if (revealed !== undefined) edits.requestUri(revealed);
    return { side: 'other', hop };
  }

  /** An answer within such a dialog: the private party sees its own From, of its own answers the other sees nothing. */
  answer(request: SipMessage, side: Side, response: SipMessage, edits: Edits): void {
    if (side === 'private') edits.replace(H.From, request.header(H.From)!);
    else this.hideWhatTells(response, edits);
  }

  private hideWhatTells(message: SipMessage, edits: Edits): void {
    edits.remove(H.PAssertedIdentity);
    for (const name of TELLING_HEADERS) edits.removeNamed(name);
    const contacts = values(message, H.Contact);
    if (contacts.length > 0)
      edits.replace(H.Contact, contacts.map((contact) => this.seal.hide(contact)).join(', '));
  }
}
