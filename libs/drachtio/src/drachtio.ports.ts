// What the server of applications needs of the world, and what its parts know of each other. Supplied by apps/sprout; a test has
// a memory hub. No promises inside.
import type { Clock, Random } from '#libs/runtime';
import type { Endpoint, NextHop, ServerTransaction, SipMessage } from '#libs/sip';
import type { AppMessage } from './app-message.js';
import type { Peer } from './telling.js';

export type DrachtioSettings = Readonly<{
  /** Stands in where an application says `localhost`. */
  homeDomain: string;
  /** host:port pairs and names by which Route and Request-URI mean this node. */
  ownHosts: ReadonlySet<string>;
  /** Where requests in dialogs find this node. */
  address: Readonly<{ host: string; port: number; hostPort: string }>;
  /** The endpoint's listener that requests are sent from. */
  listener: string;
  /** `tcp/127.0.0.1:5056,udp/127.0.0.1:5056`: what applications are told. */
  hostports: string;
  /** '': whoever may connect may attach. */
  secret: string;
}>;

export const DRACHTIO_COUNTS = [
  'attached', 'gone', 'wrong-secret', 'bad-input', 'request-in', 'request-out', 'proxied', 'no-application', 'no-dialog', 'withdrawn',
  'dialog-ended', 'ack-missing',
] as const; // prettier-ignore
export type DrachtioCount = (typeof DRACHTIO_COUNTS)[number];

export type DrachtioPorts = Readonly<{
  clock: Clock;
  random: Random;
  /** Counts; a fixed word, never input. */
  count(kind: DrachtioCount): void;
  /** Late bound: the endpoint is created with the server as its user. */
  endpoint: () => Endpoint;
}>;

/** An application as requests and dialogs see it. */
export interface ApplicationSide {
  /** Its connection is closed: nothing can be told any more. */
  readonly gone: boolean;
  readonly incoming: Set<WaitingRequest>;
  readonly outgoing: Set<OwnWaitingRequest>;
  readonly dialogs: Set<LiveDialog>;
  /** A message from the network; `isNew`: a request that begins something. */
  tellSip(text: string, peer: Peer, transactionId: string, dialogId: string, isNew?: boolean): void;
  /** A request that the server sent on its own. */
  tellUnsolicited(text: string, dialogId: string): void;
  /** The answer to a message of the application's. */
  respond(id: string, answer: string): void;
}

/** A request that an application has to answer (incoming.ts). */
export interface WaitingRequest {
  readonly tx: ServerTransaction;
  readonly application: ApplicationSide;
  /** 101–199 was sent. */
  readonly rang: boolean;
  /** Sends the application's answer; returns what it is told about that. */
  respond(app: AppMessage): string;
  acknowledgedProvisional(rack: string): boolean;
  /** Somebody else answers it from here on. */
  release(): void;
  /** The application is gone. */
  withdraw(): void;
}

/** A request of an application's that waits for its answer (outgoing.ts). */
export interface OwnWaitingRequest {
  readonly application: ApplicationSide;
  cancel(reason: string): void;
  /** The application is gone: what comes of it is ended; `over` is called once nothing can come any more. */
  abandon(over: () => void): void;
}

/** A dialog of an application's (dialog.ts). */
export interface LiveDialog {
  readonly id: string;
  readonly application: ApplicationSide;
  /** It has had its 2xx. */
  readonly confirmed: boolean;
  /** The peer's INVITE whose reliable provisional answer waits for its PRACK (RFC 3262 §3). */
  readonly reliable: WaitingRequest | undefined;
  readonly hop: NextHop;
  /** Is this request of the peer's one of this dialog? */
  holds(request: SipMessage): boolean;
  /** False: it came out of order (RFC 3261 §12.2.2). */
  takes(request: SipMessage): boolean;
  /** A request of the application's in this dialog. */
  request(app: Pick<AppMessage, 'method' | 'uri' | 'headers' | 'body'>): string;
  /** Acknowledges the 2xx that waits for that; undefined when none does. */
  acknowledge(app: Pick<AppMessage, 'headers' | 'body'>): string | undefined;
  /** The peer's ACK: true when it was awaited. */
  acknowledgedBy(ack: SipMessage): boolean;
  /** Ends the session from this side without the application; returns the BYE, '' while it has to wait for an ACK. */
  hangUp(reason?: string): string;
}

/** State that requests and dialogs register in. */
export type DrachtioContext = Readonly<{
  ports: DrachtioPorts;
  settings: DrachtioSettings;
  /** By transaction id. */
  incoming: Map<string, WaitingRequest>;
  /** By transaction id; INVITEs only can be cancelled. */
  outgoing: Map<string, OwnWaitingRequest>;
  /** By dialog id. */
  dialogs: Map<string, LiveDialog>;
}>;

/** Live dialogs of all applications; over it no new ones are begun: 503, or NOK. */
export const DIALOGS_MAX = 100_000;
/** Requests of one application that wait, either way; over it, it gets no new ones and makes none. */
export const WAITING_MAX = 20_000;

export const isFull = ({ dialogs }: DrachtioContext, { incoming, outgoing }: ApplicationSide): boolean =>
  incoming.size + outgoing.size >= WAITING_MAX || dialogs.size >= DIALOGS_MAX;
