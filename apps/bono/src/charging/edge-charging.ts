// What is chargeable at the edge, as facts beside the router's: those of a P-CSCF (TS 32.260 §5.2.2, docs/clearwater/sip.md §5.2). It is on where
// CDF_IDENTITY says whom they are for. Nothing is remembered, so a restart loses no end of a session: what later requests of a dialog need is
// in this edge's own Record-Route, signed. Left out: challenges, what the edge refuses itself, and what trunks and PBXes send. Users: the handlers.
import {
  type ChargingEvent,
  type ChargingParties,
  dialogTag,
  type RoleOfNode,
  streamOfCharging,
} from '#libs/domain';
import type { Clock, Random } from '#libs/runtime';
import {
  addrUri,
  callingParty,
  detached,
  type Edits,
  escapePercent,
  H,
  icidOf,
  PARAM_CHARS,
  type ProxyUser,
  type SipMessage,
  tagOf,
  TextSeal,
  uriParam,
} from '#libs/sip';
import { CHARGE_PARAM, tokenIn } from '../record-route.js';
import { newIcid } from './charging-vector.js';
import type { Charge, ChargedRequest, EdgeCharging } from './edge-charging.port.js';

/** TS 32.299 §7.2.108. */
const P_CSCF = 1;
/** docs/clearwater/sip.md §5.2: each one EVENT. */
const EVENTS: ReadonlySet<string> = new Set(['REGISTER', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'MESSAGE']);
/** Those that begin a dialog, of which a mark is kept. */
const DIALOGS: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY']);
/** What means something in a dialog. */
const IN_DIALOG: ReadonlySet<string> = new Set([...EVENTS, 'INVITE', 'UPDATE', 'BYE']);
/** TS 32.299 §7.2.35. */
const [NORMAL_END, SUCCESS, END_OF_SUBSCRIPTION, END_OF_REGISTRATION] = [0, -1, -2, -3];

/** Takes facts towards the log; nobody waits (libs/event-log, call-spool.ts). */
export interface ChargingFacts {
  note(stream: string, facts: readonly ChargingEvent[]): void;
}

type Beginning = Readonly<{
  role: RoleOfNode;
  /** The client's flow, where the request goes to one: two devices of a user are two sessions of one dialog as it began. */
  token?: string | undefined;
}> &
  ChargedRequest;

/** A session at the originating or the terminating edge, or what is none there (a subscription). */
type Kind = 'o' | 't' | 'e' | 'f';
const isKind = (text: string | undefined): text is Kind =>
  text === 'o' || text === 't' || text === 'e' || text === 'f';
type Names = Readonly<{ kind: Kind; icid: string; dialog: string }>;

const SIGNATURE_CHARACTERS = 16;
/** `o.<signature>.<icid>` */
const ICID_AT = 2 + SIGNATURE_CHARACTERS + 1;

/** As streams are named: at the callee's edge each device apart. */
const dialogOf = (kind: Kind, callId: string, callerTag: string, token = ''): string => {
  const dialog = dialogTag(callId, callerTag);
  return kind === 't' || kind === 'f' ? `${dialog}.${dialogTag(token, '')}` : dialog;
};

const kindOf = (method: string, role: RoleOfNode): Kind => {
  if (method === 'INVITE') return role === 0 ? 'o' : 't';
  return role === 0 ? 'e' : 'f';
};

/** A challenge ends nothing: the request comes again with its answer. */
const isChallenge = (status: number): boolean => status === 401 || status === 407;

/** RFC 6665 §4.1.2.3, §4.1.3. */
const endsSubscription = (request: SipMessage): boolean =>
  request.method === 'SUBSCRIBE'
    ? request.header(H.Expires)?.trim() === '0'
    : request.method === 'NOTIFY' && /^\s*terminated\b/i.test(request.header(H.SubscriptionState) ?? '');

const isInDialog = (request: SipMessage): boolean => tagOf(request.header(H.To)!) !== '';

export class SignedEdgeCharging implements EdgeCharging {
  readonly #seal: TextSeal;
  readonly functions: string;

  /** `key`: at least 32 bytes that outlive the process; `cdf`: a host or a DiameterURI. */
  constructor(
    private readonly ports: Readonly<{ facts: ChargingFacts; clock: Clock; random: Pick<Random, 'token'> }>,
    key: Buffer,
    private readonly cdf: string,
  ) {
    this.#seal = new TextSeal(key, 'charging of the edge');
    this.functions = `ccf=${cdf}`;
  }

  fromClient(request: SipMessage, edits: Edits, about: ChargedRequest): Charge | undefined {
    edits.replace(H.PChargingFunctionAddresses, this.functions);
    return this.#begin(request, { ...about, role: 0 });
  }

  toClient(
    request: SipMessage,
    { token, popped }: Readonly<{ token: string | undefined; popped: readonly string[] }>,
  ): Charge | undefined {
    if (isInDialog(request)) return this.inDialog(request, popped, 1);
    const called = request.header(H.PCalledPartyId);
    const charge = this.#begin(request, {
      icid: icidOf(request) ?? newIcid(this.ports.random),
      role: 1,
      callingParty: callingParty(request),
      calledParty: called === undefined ? request.requestUri : addrUri(called),
      token,
    });
    const vector = request.header(H.PChargingVector);
    return charge && { ...charge, vector: vector === undefined ? undefined : detached(vector) };
  }

  inDialog(
    request: SipMessage,
    popped: readonly string[],
    side: RoleOfNode,
    callId = request.header(H.CallId)!,
  ): Charge | undefined {
    const { method } = request;
    if (!IN_DIALOG.has(method)) return undefined;
    const names = this.#read(request, popped, callId);
    if (names === undefined) return undefined;
    const { icid, kind } = names;
    if (EVENTS.has(method))
      return this.#begin(request, {
        icid,
        role: side,
        // What a client asserts itself is nothing.
        callingParty: side === 0 ? [addrUri(request.header(H.From)!)] : callingParty(request),
        calledParty: addrUri(request.header(H.To)!),
      });
    if (kind !== 'o' && kind !== 't') return undefined;
    return this.#goingOn(names, kind === 'o' ? 0 : 1, method);
  }

  undelivered(request: SipMessage, popped: readonly string[], status: number): void {
    if (isInDialog(request)) this.inDialog(request, popped, 1)?.completed(status);
  }

  #begin(request: SipMessage, beginning: Beginning): Charge | undefined {
    const method = detached(request.method);
    if (method !== 'INVITE' && !EVENTS.has(method)) return undefined;
    const { role, token } = beginning;
    const kind = kindOf(method, role);
    // It may ring for long, and must not keep the request: copies.
    const [icid, callId] = [beginning.icid, request.header(H.CallId)!].map(detached) as [string, string];
    const dialog = dialogOf(kind, callId, tagOf(request.header(H.From)!), token);
    const parties: ChargingParties = {
      icid,
      callId,
      nodeFunctionality: P_CSCF,
      role,
      method,
      callingParty: beginning.callingParty.map(detached),
      calledParty: detached(beginning.calledParty),
      ccf: [this.cdf],
      ecf: [],
    };
    const stream = streamOfCharging(icid, dialog, role, P_CSCF);
    const requestAtMs = this.ports.clock.nowMs();
    const isEnd = endsSubscription(request);
    const success = isEnd ? END_OF_SUBSCRIPTION : SUCCESS;
    return {
      mark: DIALOGS.has(method) && !isInDialog(request) ? this.#write({ kind, icid, dialog }) : '',
      completed: (status, ends = false) => {
        const atMs = this.ports.clock.nowMs();
        if (isChallenge(status)) return;
        if (method === 'INVITE' && status < 300)
          return this.#note(stream, {
            type: 'ChargingStarted',
            data: { ...parties, requestAtMs, answerAtMs: atMs },
          });
        const causeCode = status >= 300 ? status : ends ? END_OF_REGISTRATION : success;
        this.#note(stream, { type: 'ChargingEventRecorded', data: { ...parties, causeCode, atMs } });
      },
    };
  }

  /** BYE ends it however it is answered; what changes it must have been accepted. */
  #goingOn({ icid, dialog }: Names, role: RoleOfNode, given: string): Charge {
    const stream = streamOfCharging(icid, dialog, role, P_CSCF);
    const method = detached(given);
    return {
      mark: '',
      completed: (status) => {
        const atMs = this.ports.clock.nowMs();
        if (method === 'BYE')
          this.#note(stream, { type: 'ChargingStopped', data: { causeCode: NORMAL_END, atMs } });
        else if (status < 300) this.#note(stream, { type: 'ChargingContinued', data: { method, atMs } });
      },
    };
  }

  #note(stream: string, fact: ChargingEvent): void {
    this.ports.facts.note(stream, [fact]);
  }

  /** Other nodes may have named the call: whatever they wrote is fit for a URI. */
  #write({ kind, icid, dialog }: Names): string {
    return `${kind}.${this.#sign(kind, icid, dialog)}.${escapePercent(icid, PARAM_CHARS)}`;
  }

  /** By whose word: either party's request, in the dialog that the mark was made for. */
  #read(request: SipMessage, popped: readonly string[], callId: string): Names | undefined {
    for (const uri of popped) {
      const mark = uriParam(uri, CHARGE_PARAM);
      const kind = mark?.charAt(0);
      if (mark === undefined || !isKind(kind)) continue;
      const [signature, icid] = [mark.slice(2, ICID_AT - 1), mark.slice(ICID_AT)];
      for (const from of [H.From, H.To]) {
        const dialog = dialogOf(kind, callId, tagOf(request.header(from)!), tokenIn(popped));
        if (this.#sign(kind, icid, dialog) === signature) return { kind, icid, dialog };
      }
    }
    return undefined;
  }

  #sign(kind: Kind, icid: string, dialog: string): string {
    return this.#seal.mark([kind, icid, dialog]);
  }
}

/** The same user, and the charge told of the end. */
export const charged = (
  user: ProxyUser<undefined>,
  charge: Charge | undefined,
  functions = '',
): ProxyUser<undefined> => {
  if (charge === undefined) return user;
  const completed = (status: number): void => charge.completed(status);
  const { vector } = charge;
  if (vector === undefined) return { ...user, completed };
  return {
    ...user,
    completed,
    response(response, edits) {
      user.response?.(response, edits);
      edits.replace(H.PChargingVector, vector);
      edits.replace(H.PChargingFunctionAddresses, functions);
    },
  };
};
