// The server that applications attach to (the drachtio control protocol): new requests are shared among those that take the
// method and have the tag, requests in dialogs go to whose dialog it is, requests in dialogs that were proxied pass.
// The endpoint's user; apps/sprout gives it an endpoint and a port.
import {
  addrUri,
  Edits,
  type EndpointUser,
  H,
  hostPortOf,
  prepareRoute,
  retryAfter,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  unescapePercent,
  userOf,
  firstValue,
} from '#libs/sip';
import { Application, type Link } from './application.js';
import { Dialog, dialogIdOf } from './dialog.js';
import {
  type DrachtioContext,
  type DrachtioPorts,
  type DrachtioSettings,
  isFull,
  type LiveDialog,
  WAITING_MAX,
} from './drachtio.ports.js';
import { IncomingRequest } from './incoming.js';
import { PROXY_USER } from './proxying.js';
import { peerOf } from './telling.js';

export interface DrachtioServer extends EndpointUser {
  /** A connection was accepted; bytes go to what is returned, and the news that it ended. */
  connected(link: Link): Pick<Application, 'receive' | 'closed' | 'attached'>;
  /** Applications that have authenticated. */
  readonly attached: number;
  readonly dialogs: number;
}

/**
 * Fields of the control protocol and destinations of a proxied request end at `|`, which RFC 3261 §25.1 has in none of these: what
 * follows it would be read as another field, or rung as another destination.
 */
const endsFields = (request: SipMessage): boolean =>
  request.requestUri.includes('|') ||
  request.header(H.CallId)!.includes('|') ||
  tagOf(request.header(H.From)!).includes('|');

const acknowledges = (prack: SipMessage, { reliable }: LiveDialog): boolean =>
  reliable?.acknowledgedProvisional(prack.named('RAck') ?? '') ?? false;

export const createDrachtioServer = (ports: DrachtioPorts, settings: DrachtioSettings): DrachtioServer =>
  new Server({ ports, settings, incoming: new Map(), outgoing: new Map(), dialogs: new Map() });

class Server implements DrachtioServer {
  readonly #applications: Application[] = [];
  /** Whose turn it is. */
  #turn = 0;

  constructor(private readonly context: DrachtioContext) {}

  get attached(): number {
    return this.#applications.length;
  }

  get dialogs(): number {
    return this.context.dialogs.size;
  }

  connected(link: Link): Application {
    return new Application(this.context, link, {
      attached: (application) => void this.#applications.push(application),
      detached: (application) => {
        const at = this.#applications.indexOf(application);
        if (at >= 0) this.#applications.splice(at, 1);
      },
    });
  }

  request(tx: ServerTransaction): void {
    const { request } = tx;
    if (request.method === 'CANCEL') return tx.reply(481);
    if (tagOf(request.header(H.To)!) !== '') return this.#within(tx);
    const application = this.#choose(request.method, this.#tagOf(request));
    if (application !== undefined && endsFields(request)) {
      this.context.ports.count('bad-input');
      return tx.reply(400);
    }
    if (application !== undefined)
      return new IncomingRequest(this.context, tx, application, undefined).begin();
    if (request.method === 'OPTIONS' && !request.has(H.Route)) return tx.reply(200);
    this.context.ports.count('no-application');
    tx.reply(503, undefined, retryAfter(this.context.ports.random));
  }

  ack(ack: SipMessage, flow: Parameters<EndpointUser['ack']>[1]): void {
    const { ports } = this.context;
    const dialog = this.#dialogOf(ack);
    if (dialog !== undefined) {
      if (dialog.acknowledgedBy(ack))
        dialog.application.tellSip(ack.raw, peerOf(flow), ports.random.token(20), dialog.id);
      return;
    }
    const on = this.#onward(ack);
    if (on === undefined) return ports.count('no-dialog');
    ports.endpoint().sendStateless(on.edits, on.hop);
  }

  /** The tag that the server's URI names: `sip:<tag>@drachtio.<domain>`, in the Route that led here or as the Request-URI. */
  #tagOf(request: SipMessage): string {
    const top = firstValue(request, H.Route);
    const uri = top === undefined ? request.requestUri : addrUri(top);
    return this.#isOwn(uri) ? unescapePercent(userOf(uri)) : '';
  }

  /** In turn among those that take it; '' is every tag. */
  #choose(method: string, tag: string): Application | undefined {
    const { length } = this.#applications;
    for (let tried = 0; tried < length; tried++) {
      const application = this.#applications[(this.#turn + tried) % length]!;
      if (!application.methods.has(method) || (tag !== '' && !application.tags.has(tag))) continue;
      if (isFull(this.context, application)) continue;
      this.#turn = (this.#turn + tried + 1) % length;
      return application;
    }
    return undefined;
  }

  #within(tx: ServerTransaction): void {
    const { request } = tx;
    const { ports } = this.context;
    const dialog = this.#dialogOf(request);
    if (dialog === undefined) {
      const on = this.#onward(request);
      if (on === undefined) {
        ports.count('no-dialog');
        return tx.reply(481);
      }
      const proxy = ports.endpoint().proxy(tx, {});
      proxy.fork(on.edits, on.hop, undefined);
      return proxy.seal();
    }
    if (!dialog.takes(request)) return tx.reply(500, undefined, retryAfter(ports.random));
    if (request.method === 'PRACK' && !acknowledges(request, dialog)) return tx.reply(481);
    // Who does not answer is asked no more: whoever has a dialog could fill it up.
    if (dialog.application.incoming.size >= WAITING_MAX)
      return tx.reply(500, undefined, retryAfter(ports.random));
    new IncomingRequest(this.context, tx, dialog.application, dialog).begin();
  }

  #dialogOf(request: SipMessage): Dialog | undefined {
    const callId = request.header(H.CallId)!;
    const from = dialogIdOf(callId, tagOf(request.header(H.From)!));
    const to = dialogIdOf(callId, tagOf(request.header(H.To)!));
    for (const id of [from, to]) {
      const dialog = this.context.dialogs.get(id);
      if (dialog instanceof Dialog && dialog.holds(request)) return dialog;
    }
    return undefined;
  }

  /** The way on of a request in a dialog that this node recorded its route in; undefined: it did not. */
  #onward(request: SipMessage) {
    const top = firstValue(request, H.Route);
    if (top === undefined || userOf(addrUri(top)) !== PROXY_USER || !this.#isOwn(addrUri(top)))
      return undefined;
    const edits = new Edits(request);
    const { nextHopUri } = prepareRoute(edits, { isOwn: (uri) => this.#isOwn(uri) });
    return {
      edits,
      hop: { kind: 'uri', uri: nextHopUri, listener: this.context.settings.listener } as const,
    };
  }

  #isOwn(uri: string): boolean {
    return this.context.settings.ownHosts.has(hostPortOf(uri).toLowerCase());
  }
}
