// What is written down of messages, events and rows: what a reader of the RFCs looks for, without what chance makes
// (tags, tokens, nonces) and without hops that nobody doubts.
import { type BindingEntry, isOfEdge, type Registration } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import { H, HEADER_IDS, type SipMessage, values } from '#libs/sip';

/** Shown whenever they are there. */
const ALWAYS = ['Min-Expires', 'Unsupported', 'Allow'];

/** Flow tokens, call names and other chance are written as what they are. */
const withoutChance = (text: string): string =>
  text
    .replace(/sip:tgruu\.[\w-]+@/g, 'sip:tgruu.SEALED@')
    .replace(/sip:odi_[a-z0-9]+@/g, 'sip:ODI@')
    .replace(/sip:anonymous\.[\w-]+@/g, 'sip:anonymous.SEALED@')
    .replace(/^anonymous\.[\w-]+$/, 'anonymous.SEALED')
    .replace(/;hidden=([pu])[0-9a-f]+/g, ';hidden=$1MARK')
    .replace(/branch=[\w-]+/g, 'branch=BRANCH')
    .replace(/;private=[a-z0-9]+/g, ';private=DIALOG')
    .replace(/sip:[A-Za-z0-9_-]{24,}@/g, 'sip:TOKEN@')
    .replace(/icid-value=[^;\s]+/g, 'icid-value=ICID')
    .replace(/icid=[a-z0-9]+/g, 'icid=ICID')
    .replace(/dialog=[a-z0-9]+/g, 'dialog=DIALOG')
    .replace(/sig=[A-Za-z0-9_-]+/g, 'sig=SIG')
    .replace(/;inside=[A-Za-z0-9_-]+/g, ';inside=SEAL')
    .replace(/;charge=([otef])\.[0-9a-f]+\.[^;>]+/g, ';charge=$1.MARK')
    .replace(/tag=[a-z0-9]+/g, 'tag=TAG')
    .replace(/(nonce|cnonce|response|opaque|auts)="[^"]+"/g, '$1="…"');

const linesOf = (message: SipMessage, name: string): readonly string[] => {
  const id = HEADER_IDS.get(name.toLowerCase());
  if (id !== undefined) return values(message, id).map((value) => `${name}: ${withoutChance(value)}`);
  const value = message.named(name);
  return value === undefined ? [] : [`${name}: ${withoutChance(value)}`];
};

const challengeLines = (message: SipMessage): readonly string[] => {
  const lines: string[] = [];
  for (
    let line = message.findLine(H.WwwAuthenticate);
    line >= 0;
    line = message.findLine(H.WwwAuthenticate, line + 1)
  ) {
    const value = message.lineValue(line);
    const algorithm = /algorithm=([\w-]+)/.exec(value)?.[1] ?? 'MD5';
    lines.push(
      `WWW-Authenticate: Digest algorithm=${algorithm}${/stale=true/i.test(value) ? ' stale=true' : ''}${/\bck="/.test(value) ? ' ck= ik=' : ''}`,
    );
  }
  return lines;
};

const retryAfterLines = (message: SipMessage): readonly string[] => {
  const seconds = Number(message.header(H.RetryAfter) ?? NaN);
  if (Number.isNaN(seconds)) return [];
  return [`Retry-After: ${seconds >= 5 && seconds <= 30 ? '(5 to 30)' : seconds}`];
};

const plain = (xml: string): string =>
  xml.replace(
    /&(lt|gt|quot|amp);/g,
    (_all, name: string) => ({ lt: '<', gt: '>', quot: '"', amp: '&' })[name]!,
  );

/** A document of registration state: a line for itself, for each registration, and for each contact. */
const reginfoLines = (body: string): readonly string[] => {
  const [, version, state] = /<reginfo [^>]*version="(\d+)" state="(\w+)">/.exec(body) ?? [];
  if (version === undefined) return [];
  const lines = [`reginfo ${version} ${state}`];
  for (const [, aor = '', is, contacts = ''] of body.matchAll(
    /<registration aor="([^"]*)" id="[^"]*" state="(\w+)">(.*?)<\/registration>/g,
  )) {
    lines.push(`  ${plain(aor)} ${is}`);
    for (const [, its, event, more = '', uri = ''] of contacts.matchAll(
      /<contact id="[^"]*" state="(\w+)" event="(\w+)"(.*?)><uri>(.*?)<\/uri>/g,
    ))
      lines.push(
        `    ${plain(uri)} ${its} ${event}${more.replace(/ callid="[^"]*"| cseq="[^"]*"/g, '').replace(/"/g, '')}`,
      );
  }
  return lines;
};

/** What one phone got, first line first. `shown`: headers that the scenario wants to see. */
export const messageLines = (message: SipMessage, shown: readonly string[]): readonly string[] => {
  const { isRequest, method, requestUri, status, reason, cseqMethod } = message;
  const names = new Set(shown);
  if (!isRequest && cseqMethod === 'REGISTER') names.add('Contact');
  return [
    isRequest ? `${method} ${withoutChance(requestUri)}` : `${status} ${reason}`,
    ...challengeLines(message),
    ...retryAfterLines(message),
    ...ALWAYS.flatMap((name) => {
      const value = message.named(name);
      return value === undefined ? [] : [`${name}: ${value}`];
    }),
    ...[...names].flatMap((name) => linesOf(message, name)),
    ...(shown.includes('reginfo') ? reginfoLines(message.body) : []),
    ...(shown.includes('body') && message.body !== '' ? [`body: ${message.body}`] : []),
  ];
};

type Fields = Readonly<Record<string, string | number | undefined>>;

const fieldsOf = (fields: Fields): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');

type Data = Record<string, never> & {
  served: string;
  criteria: { evaluated: number; matched: readonly { priority: number; server: string }[] };
  targets: readonly { contact: string }[];
};

const matchedWords = ({ criteria: { evaluated, matched } }: Data): string =>
  evaluated === 0
    ? ''
    : `${matched.length}-of-${evaluated}${matched.map(({ priority, server }) => `,${priority}:${server}`).join('')}`;

const KEPT: Readonly<Record<string, (data: Data) => Fields>> = {
  BindingAdded: ({ contact, grantedS }) => ({ contact, for: `${String(grantedS)}s` }),
  BindingRefreshed: ({ contact, grantedS }) => ({ contact, for: `${String(grantedS)}s` }),
  BindingRemoved: ({ contact, cause, upTo }) => ({
    contact,
    cause,
    only: upTo === undefined ? undefined : 'as-judged',
  }),
  AllBindingsRemoved: ({ cause }) => ({ cause }),
  SubscriptionAdded: ({ watcher, grantedS }) => ({ watcher, for: `${String(grantedS)}s` }),
  SubscriptionRefreshed: ({ watcher, grantedS }) => ({ watcher, for: `${String(grantedS)}s` }),
  SubscriptionNotified: ({ version, cseq, document, ends }) => ({ version, cseq, document, ends }),
  SubscriptionRemoved: ({ cause }) => ({ cause }),
  ThirdPartyRegistrationDue: ({ kind, servers }) => ({
    kind,
    servers: (servers as unknown as readonly { server: string }[]).map(({ server }) => server).join(),
  }),
  OriginatingServed: (data) => ({ served: data.served, criteria: matchedWords(data) }),
  CallerHidden: ({ privacy }) => ({ privacy }),
  TerminatingServed: (data) => ({
    served: data.served,
    criteria: matchedWords(data),
    rang: data.targets.map(({ contact }) => contact).join(','),
  }),
  NextTargetsRung: (data) => ({
    why: data.why,
    rang: data.targets.map(({ contact }) => contact).join(','),
  }),
  ServerInvoked: ({ role, sessionCase, served, priority, server }) => ({
    served,
    case: sessionCase ?? role,
    asked: `${String(priority)}:${String(server)}`,
  }),
  ServerReturned: ({ served, priority, server, requestUri, target }) => ({
    served,
    by: `${String(priority)}:${String(server)}`,
    to: requestUri,
    target,
  }),
  ServerFailed: ({ priority, server, handling, status, why }) => ({
    by: `${String(priority)}:${String(server)}`,
    handling,
    status,
    why,
  }),
  ServerAnswered: ({ priority, server, status, returned }) => ({
    by: `${String(priority)}:${String(server)}`,
    status,
    returned: String(returned),
  }),
  ServiceApplied: ({ served, service, rule, why, status, target }) => ({
    served,
    service,
    rule,
    why,
    status,
    to: target,
  }),
  NumberTranslated: ({ requestUri, translated }) => ({ from: requestUri, to: translated }),
  BreakoutChosen: ({ rule, routes }) => ({ rule, routes: String(routes) }),
  RequestRefused: ({ role, status, why }) => ({ role, status, why }),
  CallAnswered: ({ status, contact }) => ({ status, contact }),
  CallFailed: ({ status, cancelled }) => ({ status, cancelled: String(cancelled) }),
  CallEnded: ({ by }) => ({ by }),
  TargetFlowFailed: ({ contact }) => ({ contact }),
  ChargingStarted: ({ role, calledParty, refreshS }) => ({ role, called: calledParty, refresh: refreshS }),
  ChargingContinued: ({ method, refreshS }) => ({ method, refresh: refreshS || undefined }),
  ChargingStopped: ({ causeCode }) => ({ cause: causeCode }),
  ChargingEventRecorded: ({ role, method, causeCode }) => ({ role, method, cause: causeCode }),
};

/** A call's stream is named by chance: its family is enough here, there is one call at a time. */
const streamName = (stream: string): string => {
  if (stream.startsWith('registration-')) return stream;
  const family = stream.slice(0, stream.indexOf('-'));
  return isOfEdge(stream) ? `${family} pcscf/${stream.slice(stream.lastIndexOf('/') + 1)}` : family;
};

export const eventLine = ({ stream, event: { type, data } }: RecordedEvent): string =>
  `${streamName(stream)} ${type}${fieldsOf(KEPT[type]?.(data as Data) ?? {})}`;

const entryWords = ({ binding }: BindingEntry, nowMs: number): string | undefined =>
  binding === undefined
    ? undefined
    : `${binding.contact} for ${Math.ceil((binding.expiresAtMs - nowMs) / 1000)}s${binding.q === 1 ? '' : ` q=${binding.q}`}`;

/** A registration row in one line: what can be rung. */
export const rowLine = (aor: string, { entries }: Registration, nowMs: number): string => {
  const bound = Object.values(entries).flatMap((entry) => entryWords(entry, nowMs) ?? []);
  return `${aor} [${bound.join(', ')}]`;
};
