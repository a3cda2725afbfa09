// The way of a dialog through this network, which a trunk that `hidesTopology` does not see (TS 24.229 §5.10.4, THIG): its Record-Route values are
// sealed into this edge's own one, come back in the Route of what the trunk sends, and are put in again here. Nothing is remembered. Vias are
// kept in the transaction. Users: handlers/from-trunk.ts, to-trunk.ts.
import { addrUri, type Edits, H, type SipMessage, TextSeal, uriParam, values } from '#libs/sip';

/** In this edge's Record-Route of the side that faces the trunk. */
const INSIDE_PARAM = 'inside';
/** A longer way, by dozens of servers, is shown rather than broken. */
export const INSIDE_LENGTH_MAX = 8_192;
const SEPARATOR = '\n';

const withParam = (route: string, value: string): string =>
  route.replace(/>$/, () => `;${INSIDE_PARAM}=${value}>`);

const withoutParam = (route: string): string => route.replace(/;inside=[^;>]*/, '');

export class HiddenTopology {
  readonly #seal: TextSeal;

  /** `key`: at least 32 bytes that outlive the process. */
  constructor(
    key: Buffer,
    private readonly isOwn: (uri: string) => boolean,
  ) {
    this.#seal = new TextSeal(key, 'topology');
  }

  /** A request that begins a dialog, on its way to the trunk: `own` alone is seen of what was recorded. */
  hideRequest(request: SipMessage, edits: Edits, own: string): boolean {
    const hidden = this.#hidden(values(request, H.RecordRoute), own, request);
    if (hidden === undefined) return false;
    edits.replaceAll(H.RecordRoute, [hidden]);
    return true;
  }

  /** The trunk's answer to that, for the core; `core`: this edge's value of the other side. */
  restoreResponse(response: SipMessage, edits: Edits, core: string): void {
    const came = values(response, H.RecordRoute);
    const at = came.findIndex((route) => this.isOwn(addrUri(route)));
    const inside = at < 0 ? undefined : this.#opened(addrUri(came[at]!), response);
    if (inside === undefined) return;
    edits.replaceAll(H.RecordRoute, [
      ...came.slice(0, at),
      withoutParam(came[at]!),
      core,
      ...inside,
      ...came.slice(at + 1),
    ]);
  }

  /** The core's answer to a request of the trunk's; `isFacing`: is it this edge's value of the side that faces the trunk? */
  hideResponse(response: SipMessage, edits: Edits, isFacing: (uri: string) => boolean): void {
    const came = values(response, H.RecordRoute);
    const at = came.findIndex((route) => isFacing(addrUri(route)));
    if (at < 1) return;
    // As the trunk goes the way: from here on. Next to its own side is the other one of this edge.
    const hidden = this.#hidden(came.slice(0, at - 1).reverse(), came[at]!, response);
    if (hidden !== undefined) edits.replaceAll(H.RecordRoute, [hidden, ...came.slice(at + 1)]);
  }

  /** The way on of what the trunk sends in a dialog, by this edge's own Route values; none was hidden: empty. */
  inside(popped: readonly string[], request: SipMessage): readonly string[] {
    for (const uri of popped) {
      const inside = this.#opened(uri, request);
      if (inside !== undefined) return inside;
    }
    return [];
  }

  #hidden(inside: readonly string[], own: string, message: SipMessage): string | undefined {
    const text = inside.join(SEPARATOR);
    if (text.length > INSIDE_LENGTH_MAX) return undefined;
    return withParam(own, this.#seal.seal(text, message.header(H.CallId) ?? ''));
  }

  #opened(uri: string, message: SipMessage): readonly string[] | undefined {
    const sealed = uriParam(uri, INSIDE_PARAM);
    const text = sealed === undefined ? undefined : this.#seal.open(sealed, message.header(H.CallId) ?? '');
    return text === undefined ? undefined : text.split(SEPARATOR).filter((route) => route !== '');
  }
}
