// Whole SIP messages: the parser, the check on fields, and what a proxy does with Route. What must hold: RFC 3261 §7, §16.4,
// §16.6; a fast path and the slow one agree. Seeds are the torture messages of RFC 4475 and RFC 5118 among others.
import { readdirSync, readFileSync } from 'node:fs';
import { addrUri, checkFields, Edits, H, HEADER_LINES_MAX, headerParam, isUsualAddress, isUsualCallId, isUsualVia, LINE_STRIDE, parseMessage, parseNameAddr, parseUri, parseVia, prepareRoute, type SipMessage, splitValues, tagOf, uriParam, values, viaBranch } from '#libs/sip'; // prettier-ignore
import path from 'node:path';
import { inRepository } from '../../harness/root.js';
import { must, mustEqual, type Target } from '../target.js';

const torture = (): string[] => {
  const folder = inRepository('libs/sip/testdata/torture');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.dat'))
    .sort()
    .map((name) => readFileSync(path.join(folder, name), 'latin1'));
};

export const INVITE = [
  'INVITE sip:bob@ims.test;user=phone SIP/2.0', 'Via: SIP/2.0/UDP 10.0.0.1:16060;rport;branch=z9hG4bK-1',
  'v: SIP/2.0/TCP [::1]:5;branch=z9hG4bK-2,SIP/2.0/WS x', 'Max-Forwards: 70',
  'Route: <sip:own.test:5054;transport=tcp;lr;orig>, <sip:x;lr>', 'Record-Route: <sip:y;lr>', 'Path: <sip:z;lr>',
  'From: "Al\\"ice" <sip:alice@ims.test>;tag=1928', 'To: <sip:bob@ims.test>', 'Call-ID: a84b4c76e66710@10.0.0.1',
  'CSeq: 314159 INVITE', 'Contact: <sip:alice@10.0.0.1:16060>;+sip.instance="<urn:uuid:1>"',
  'Supported: path,\r\n gruu', 'X-Foo: 1', 'Content-Length: 5', '', 'v=0\r\n',
].join('\r\n'); // prettier-ignore
const RINGING = INVITE.replace(/^[^\r]*/, 'SIP/2.0 180 Ringing');
const STRICT = INVITE.replace('sip:bob@ims.test;user=phone', 'sip:own.test;lr').replace(
  '<sip:x;lr>',
  '<sip:x>',
);

const TOKENS = ['Via: ', 'Route: <sip:own.test;lr>\r\n', 'v: ', 'l: 3\r\n', 'Content-Length: 0\r\n', 'From: <sip:a@b>;tag=1\r\n', 'CSeq: 1 INVITE\r\n', 'Contact: *\r\n', 'm: <sip:a@b>, "x" <sip:c@d>\r\n', ';branch=', ';BRANCH=z', ';tag=', ';lr', '<sip:own.test;lr>', '[::1]', 'SIP/2.0/UDP ', 'SIP/2.0', 'sips:', 'tel:', '\r\n ', '\r\n\t', '\r\n\r\n']; // prettier-ignore

const seeds = (): string[] => [INVITE, RINGING, STRICT, ...torture()];

const outcomeOf = (input: string): Readonly<{ message?: SipMessage; outcome: string }> => {
  const parsed = parseMessage(input);
  if (parsed.ok) {
    const { message } = parsed;
    const outcome = `ok ${message.isRequest ? message.method.length : message.status} ${message.lineCount}`;
    return { message, outcome };
  }
  must([400, 505, 513].includes(parsed.status) && parsed.reason !== '', 'a refusal has a reason', parsed);
  must(parsed.at >= 0 && parsed.at <= input.length, 'a refusal has a place', parsed.at);
  const { partial } = parsed;
  if (partial)
    must(
      partial.isRequest && [H.Via, H.From, H.To, H.CallId, H.CSeq].every((id) => partial.has(id)),
      'what can be read can be answered',
    );
  return { outcome: `${parsed.status} ${parsed.reason} ${partial !== undefined}` };
};

/** A line that is added where it is missing. */
const CONTENT_LENGTH = 1;

const linesOf = (message: SipMessage): string[] =>
  Array.from(
    { length: message.lineCount },
    (_, line) => `${message.lineName(line)}: ${message.lineValue(line)}`,
  );

const again = (what: string, text: string): SipMessage => {
  const parsed = parseMessage(text);
  if (parsed.ok) return parsed.message;
  must(false, `${what} parses`, parsed.reason, text);
  throw new Error('not reached');
};

export const parserTarget = (): Target => ({
  name: 'parser',
  seeds: seeds(),
  tokens: TOKENS,
  run(input) {
    const { message, outcome } = outcomeOf(input);
    if (!message) return outcome;
    const { raw, lines, lineCount, headersStart, headersEnd, bodyStart } = message;
    let before = headersStart;
    for (let at = 0; at < lineCount * LINE_STRIDE; at += LINE_STRIDE) {
      const [name, from, to] = [lines[at + 1]!, lines[at + 2]!, lines[at + 3]!];
      must(before <= name && name < from && from <= to && to <= headersEnd, 'lines lie in order', at, name, from, to);
      before = to;
    }
    must(bodyStart === headersEnd + 2 && bodyStart <= raw.length, 'the body follows the headers');
    mustEqual('a message parses to itself', again('a message', raw), message);
    if (message.lineCount + CONTENT_LENGTH > HEADER_LINES_MAX) return 'at the bound of lines';
    const rendered = new Edits(message).render();
    if (message.has(H.ContentLength)) must(rendered === raw, 'what is not edited is as it came', rendered);
    const second = again('what is rendered', rendered);
    mustEqual('rendered: body', second.body, message.body);
    mustEqual('rendered: lines', linesOf(second).slice(0, lineCount), linesOf(message));
    return outcome;
  },
}); // prettier-ignore

const isAddress = (value: string): boolean => {
  const address = parseNameAddr(value);
  return address !== undefined && parseUri(address.uri).ok;
};

/** By header what each of its values must then be; a line of the usual form is one value. */
const checkLine = (message: SipMessage, line: number): void => {
  const at = line * LINE_STRIDE;
  const [id, from, to] = [message.lines[at]!, message.lines[at + 2]!, message.lines[at + 3]!];
  const text = message.lineValue(line);
  const split = splitValues(text);
  if (isUsualVia(message.raw, from, to)) must(parseVia(text) !== undefined, 'usual Via parses', text);
  if (isUsualAddress(message.raw, from, to))
    must(isAddress(text) && split.length === 1, 'usual address parses', text);
  if (isUsualCallId(message.raw, from, to)) must(!/\s/.test(text), 'usual Call-ID has no space', text);
  if (id === H.Via)
    for (const value of split) must(parseVia(value) !== undefined, 'accepted Via parses', value);
  if (id === H.From || id === H.To) {
    must(isAddress(text), 'accepted From and To parse', text);
    mustEqual('the tag is the parameter', tagOf(text), headerParam(text, 'tag') ?? '');
  }
  if (id === H.Contact || id === H.Route || id === H.RecordRoute || id === H.Path)
    for (const value of split) must(value === '*' || isAddress(value), 'accepted addresses parse', value);
};

export const fieldsTarget = (check: typeof checkFields = checkFields): Target => ({
  name: 'fields',
  seeds: seeds(),
  tokens: TOKENS,
  run(input) {
    const { message, outcome } = outcomeOf(input);
    if (!message) return outcome;
    const fault = check(message);
    if (fault) {
      must((fault.status === 400 || fault.status === 416) && fault.reason !== '', 'a fault has a reason', fault);
      return `${fault.status} ${fault.reason}`;
    }
    if (message.isRequest) must(parseUri(message.requestUri).ok, 'accepted Request-URI parses', message.requestUri);
    for (let line = 0; line < message.lineCount; line += 1) checkLine(message, line);
    const [top] = splitValues(message.header(H.Via) ?? '');
    if (top !== undefined) mustEqual('one branch to all readers', viaBranch(message), parseVia(top)?.branch);
    return outcome;
  },
}); // prettier-ignore

const isOwn = (uri: string): boolean => uri.includes('own.test');

export const routeTarget = (prepare: typeof prepareRoute = prepareRoute): Target => ({
  name: 'route',
  seeds: seeds(),
  tokens: TOKENS,
  run(input) {
    const { message, outcome } = outcomeOf(input);
    if (!message?.isRequest) return outcome;
    // A request with nearly as many lines as there may be has too many when its Routes are written a line each.
    if (message.lineCount + values(message, H.Route).length + CONTENT_LENGTH > HEADER_LINES_MAX)
      return 'at the bound of lines';
    const edits = new Edits(message);
    const { popped, next, nextHopUri } = prepare(edits, { isOwn });
    const result = again('a routed request', edits.render());
    const routes = values(result, H.Route);
    const restored = result.requestUri !== message.requestUri;
    mustEqual('other headers stay', result.lineCount - countOf(result, H.Route), otherLines(message));
    must(nextHopUri === (next ?? result.requestUri), 'the next hop is the route or the Request-URI');
    if (next === undefined) must(routes.length === 0, 'without a next hop no Route is left', routes);
    else if (uriParam(next, 'lr') !== undefined) mustEqual('the next hop is on top', addrUri(routes[0] ?? ''), next);
    for (const uri of popped) must(isOwn(uri), 'only own values are taken off', uri);
    must(routes.length <= values(message, H.Route).length, 'no Route is added', routes);
    return `${popped.length > 3 ? 'many' : popped.length} ${next === undefined} ${restored} ${routes.length > 3 ? 'many' : routes.length}`;
  },
}); // prettier-ignore

const countOf = (message: SipMessage, id: number): number => {
  let count = 0;
  for (let line = message.findLine(id); line >= 0; line = message.findLine(id, line + 1)) count += 1;
  return count;
};

/** Content-Length is added where it was missing. */
const otherLines = (message: SipMessage): number =>
  message.lineCount - countOf(message, H.Route) + (message.has(H.ContentLength) ? 0 : 1);
