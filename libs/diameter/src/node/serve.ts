// Requests of others: judged, handed to the handler of their command, answered on the connection that they came on.
// RFC 6733 §6.1.4, §6.2, §7. Used by node.ts.
import type { Fault } from '../codec/avp.js';
import { isProtocolError, RESULT } from '../codec/result-codes.js';
import {
  type Application,
  type CommandShort,
  requestGrammar,
  type RequestShort,
} from '../dictionary/dictionary.js';
import { answerHeader, faultAnswer, proxyInfo } from '../message/answer.js';
import { checkRequest, type Strictness } from '../message/check-message.js';
import type { Message } from '../message/message.js';
import { type Body, writeMessage } from '../message/write-message.js';
import type { LocalNode } from '../peer/capabilities.js';
import type { Link } from '../peer/link.js';

/** Requests that a handler has not answered yet. At the bound a new one is answered 3004. */
export const IN_PROGRESS_MAX = 4_096;

export type From = Readonly<{ peer: string; realm: string }>;

/**
 * Gives what stands in the answer beside Session-Id, origin and application: at least Result-Code or Experimental-Result.
 * What it throws is answered 5012.
 */
export type Handler = (request: Message, from: From) => Body | Promise<Body>;

export type ServeOptions = Readonly<{
  local: LocalNode;
  strictness: Strictness;
  /** A fault of ours: the handler threw, or what it gave cannot be written. */
  failed(what: string, error: unknown): void;
}>;

export interface Server {
  handle(short: RequestShort, handler: Handler): void;
  serve(from: From, link: Link, request: Message, fault: Fault | undefined): void;
  readonly inProgress: number;
  /** Answers by result code, experimental ones as `10415/5001`. */
  readonly counts: ReadonlyMap<string, number>;
}

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Is it for us? */
const misrouted = ({ avps }: Message, { host, realm }: LocalNode): Fault | undefined => {
  const toHost = avps.get('Destination-Host');
  const toRealm = avps.get('Destination-Realm');
  if (toHost !== undefined && !sameName(toHost, host))
    return { resultCode: RESULT.DIAMETER_UNABLE_TO_DELIVER, reason: `no way to ${toHost}` };
  if (toHost === undefined && toRealm !== undefined && !sameName(toRealm, realm))
    return { resultCode: RESULT.DIAMETER_REALM_NOT_SERVED, reason: `${toRealm} is not served here` };
  if (avps.all('Route-Record').some((one) => sameName(one, host)))
    return { resultCode: RESULT.DIAMETER_LOOP_DETECTED, reason: 'it was here before' };
  return undefined;
};

/** What every answer of the application has beside its own. */
const around = (request: Message, { host, realm }: LocalNode, application: Application): Body => {
  const { id, vendorId, kind } = application;
  const common: Body = { 'Session-Id': request.avps.get('Session-Id') };
  const origin: Body = { 'Origin-Host': host, 'Origin-Realm': realm };
  if (kind === 'acct')
    return {
      ...common,
      ...origin,
      'Accounting-Record-Type': request.avps.get('Accounting-Record-Type'),
      'Accounting-Record-Number': request.avps.get('Accounting-Record-Number'),
      'Acct-Application-Id': id,
    };
  return {
    ...common,
    'Vendor-Specific-Application-Id': { 'Vendor-Id': vendorId, 'Auth-Application-Id': id },
    'Auth-Session-State': request.avps.get('Auth-Session-State'),
    ...origin,
  };
};

const resultKey = (body: Body): string => {
  const experimental = body['Experimental-Result'] as Body | undefined;
  return body['Result-Code'] !== undefined
    ? String(body['Result-Code'])
    : `${String(experimental?.['Vendor-Id'])}/${String(experimental?.['Experimental-Result-Code'])}`;
};

export const createServer = ({ local, strictness, failed }: ServeOptions): Server => {
  const handlers = new Map<CommandShort, Handler>();
  const counts = new Map<string, number>();
  const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  let inProgress = 0;

  const refuse = (link: Link, request: Message, fault: Fault): void => {
    count(String(fault.resultCode));
    link.send(faultAnswer(request, fault, local));
  };

  const answer = (link: Link, request: Message, application: Application, body: Body): void => {
    const resultCode = body['Result-Code'] as number | undefined;
    const header = answerHeader(request, resultCode !== undefined && isProtocolError(resultCode));
    link.send(
      writeMessage(header, { ...around(request, local, application), ...body, ...proxyInfo(request) }),
    );
    count(resultKey(body));
  };

  const run = async (
    handler: Handler,
    from: From,
    link: Link,
    request: Message,
    application: Application,
  ): Promise<void> => {
    inProgress++;
    try {
      answer(link, request, application, await handler(request, from));
    } catch (error) {
      failed(`command ${request.command} from ${from.peer}`, error);
      refuse(link, request, { resultCode: RESULT.DIAMETER_UNABLE_TO_COMPLY, reason: 'a fault of this node' });
    } finally {
      inProgress--;
    }
  };

  return {
    handle: (short, handler) => void handlers.set(short, handler),
    serve(from, link, request, fault) {
      if (fault) return refuse(link, request, fault);
      const application = local.applications.find(({ id }) => id === request.applicationId);
      if (!application) {
        const reason = `application ${request.applicationId} is not served here`;
        return refuse(link, request, { resultCode: RESULT.DIAMETER_APPLICATION_UNSUPPORTED, reason });
      }
      const grammar = requestGrammar(request.applicationId, request.command);
      const handler = grammar && handlers.get(grammar.short as CommandShort);
      if (!handler) {
        const reason = `command ${request.command} is not served here`;
        return refuse(link, request, { resultCode: RESULT.DIAMETER_COMMAND_UNSUPPORTED, reason });
      }
      const wrong = misrouted(request, local) ?? checkRequest(request, grammar, strictness);
      if (wrong) return refuse(link, request, wrong);
      if (inProgress >= IN_PROGRESS_MAX)
        return refuse(link, request, { resultCode: RESULT.DIAMETER_TOO_BUSY, reason: `${IN_PROGRESS_MAX} requests are in progress` }); // prettier-ignore
      void run(handler, from, link, request, application);
    },
    get inProgress() {
      return inProgress;
    },
    counts,
  };
};
