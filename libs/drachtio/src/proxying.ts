// A request that its application has handed back to be proxied (RFC 3261 §16): to one destination after the other or to all at
// once, with time limits, following redirects where asked. The Route that came stays: by it the request returns into its chain.
// It goes on when the application goes away. Made by application.ts.
import { addrUri, type Branch, Edits, H, hostPortOf, parseUri, prepareRoute, type ProxyContext, type ProxyUser, type ServerTransaction, type SipMessage, values } from '#libs/sip'; // prettier-ignore
import type { AppMessage } from './app-message.js';
import type { ProxyOptions } from './command.js';
import { formsDialog } from './dialog.js';
import type { ApplicationSide, DrachtioContext } from './drachtio.ports.js';
import { madeHere } from './outgoing.js';
import { branchEnded, peerOf } from './telling.js';

/** A URI that can stand in a request line. */
export const isDestination = (text: string): boolean => {
  const parsed = parseUri(text);
  return parsed.ok && !text.includes('|');
};

/** User part of the Record-Route of requests that were proxied: their dialogs are passed on without an application. */
export const PROXY_USER = 'proxy';

/** Of a proxied request an application may only add. */
const NOT_ADDED: ReadonlySet<string> = new Set([
  'via', 'from', 'to', 'call-id', 'cseq', 'max-forwards', 'route', 'record-route', 'contact', 'content-length', 'content-type',
]); // prettier-ignore

const GIVEN_UP = 'SIP;cause=408;text="No answer in time"';

type Timed = { stop: () => void };

export class Proxying implements ProxyUser<Timed> {
  private proxy: ProxyContext<Timed> | undefined;
  private left: string[];
  private readonly base: Edits;
  private readonly route: string | undefined;

  constructor(
    private readonly context: DrachtioContext,
    private readonly application: ApplicationSide,
    /** Of the application's message. */
    private readonly id: string,
    private readonly tx: ServerTransaction,
    private readonly options: ProxyOptions,
    app: AppMessage | undefined,
  ) {
    const { request } = tx;
    const { settings } = context;
    this.left = [...options.destinations];
    this.base = new Edits(request);
    const { next } = prepareRoute(this.base, { isOwn: (uri) => settings.ownHosts.has(hostOf(uri)) });
    this.route = next;
    for (const { name, key, value } of app?.headers ?? [])
      if (!NOT_ADDED.has(key) && value !== '') this.base.addNamed(name, value);
    if (options.recordsRoute && formsDialog(request.method))
      this.base.prepend(H.RecordRoute, `<sip:${PROXY_USER}@${settings.address.hostPort};transport=tcp;lr>`);
  }

  begin(): void {
    this.context.ports.count('proxied');
    this.proxy = this.context.ports.endpoint().proxy<Timed>(this.tx, this);
    if (this.options.simultaneous) while (this.#next());
    else this.#next();
    this.proxy.seal();
  }

  branchFailed(branch: Branch<Timed>, status: number, response: SipMessage | undefined): 'count' | 'retry' {
    branch.label.stop();
    this.#tell(response?.raw ?? madeHere(this.tx.request, status));
    if (response !== undefined && status >= 300 && status < 400 && this.options.followsRedirects) {
      const contacts = values(response, H.Contact).map(addrUri).filter(isDestination);
      this.left.unshift(...contacts);
      if (contacts.length > 0 && this.#next()) return 'retry';
    }
    if (!this.options.simultaneous && status < 600) this.#next();
    return 'count';
  }

  completed(status: number, branch: Branch<Timed> | undefined, response: SipMessage | undefined): void {
    for (const { label } of this.proxy?.branches ?? []) label.stop();
    branch?.label.stop();
    if (status < 300 && response !== undefined) this.#tell(response.raw);
    this.application.respond(this.id, 'OK|done');
  }

  #next(): boolean {
    const destination = this.left.shift();
    if (destination === undefined || this.proxy === undefined) return false;
    const edits = this.base.copy();
    if (destination !== this.tx.request.requestUri) edits.requestUri(destination);
    const timed: Timed = { stop: () => undefined };
    const uri = this.route ?? destination;
    const branch = this.proxy.fork(
      edits,
      { kind: 'uri', uri, listener: this.context.settings.listener },
      timed,
    );
    if (branch === undefined) return false;
    this.#watch(branch, timed);
    return true;
  }

  #watch(branch: Branch<Timed>, timed: Timed): void {
    const { provisionalMs, finalMs } = this.options;
    const { clock } = this.context.ports;
    const stops: (() => void)[] = [];
    const giveUp = (): void => {
      if (branch.ended) return;
      timed.stop();
      this.#tell(madeHere(this.tx.request, 408));
      // First, as the next one may need its share of Max-Breadth.
      this.proxy?.abandon(branch, GIVEN_UP);
      if (!this.options.simultaneous) this.#next();
    };
    if (provisionalMs > 0) stops.push(clock.after(provisionalMs, () => branch.status === 0 && giveUp()));
    if (finalMs > 0) stops.push(clock.after(finalMs, giveUp));
    timed.stop = () => stops.forEach((stop) => stop());
  }

  #tell(text: string): void {
    if (!this.options.tellsResponses) return;
    const { clock } = this.context.ports;
    const told = { source: 'network', text, peer: peerOf(this.tx.flow), nowMs: clock.nowMs() } as const;
    this.application.respond(this.id, `${branchEnded(told)}\r\n${text}`);
  }
}

const hostOf = (uri: string): string => hostPortOf(uri).toLowerCase();
