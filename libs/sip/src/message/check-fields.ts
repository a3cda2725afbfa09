// The second look at a message that parsed: do the headers that routing relies on follow their grammar? For edges that face
// untrusted peers; inside, each reader refuses what it cannot read. RFC 3261 §16.3, §25.1; RFC 4475 §3.1.2.
// Reader: bono's untrusted side.
import { splitValues } from '../fields/fields.js';
import { H, HEADER_NAMES, type HeaderId } from './header-table.js';
import { LINE_STRIDE, type SipMessage } from './message.js';
import { isUsualAddress, isUsualCallId, isUsualVia } from './usual-form.js';
import { parseNameAddr } from '../fields/name-addr.js';
import { parseUri } from '../fields/uri.js';
import { parseVia } from '../fields/via.js';

export type FieldFault = Readonly<{ status: 400 | 416; reason: string }>;

const fault = (id: HeaderId): FieldFault => ({ status: 400, reason: `bad ${HEADER_NAMES[id]}` });

/** The first fault found: 416 for a Request-URI whose scheme is none of ours, 400 for the rest. */
export const checkFields = (message: SipMessage): FieldFault | undefined => {
  if (message.isRequest) {
    const uri = parseUri(message.requestUri);
    if (!uri.ok) return { status: 400, reason: `bad Request-URI: ${uri.reason}` };
    if (uri.uri.scheme === 'other') return { status: 416, reason: 'Unsupported URI Scheme' };
  }
  const { raw, lines, lineCount } = message;
  for (let line = 0, at = 0; line < lineCount; line++, at += LINE_STRIDE) {
    const id = lines[at]!;
    const usual = id < 0 ? undefined : USUAL[id];
    if (usual === undefined || usual(raw, lines[at + 2]!, lines[at + 3]!)) continue;
    if (!isValid(id, message.lineValue(line))) return fault(id);
  }
  return undefined;
};

/** Each line by itself: no value of a header goes over two lines. */
const isValid = (id: HeaderId, line: string): boolean => {
  switch (id) {
    case H.Via:
      return splitValues(line).every((value) => parseVia(value) !== undefined);
    case H.From:
    case H.To:
      return isAddress(line);
    case H.CallId:
      return !/\s/.test(line);
    case H.Contact:
      return splitValues(line).every((value) => value === '*' || isAddress(value));
    default:
      return splitValues(line).every(isAddress);
  }
};

/** By header: does a line have the form that nearly all have? */
const USUAL: ((raw: string, start: number, end: number) => boolean)[] = [];
USUAL[H.Via] = isUsualVia;
USUAL[H.CallId] = isUsualCallId;
for (const id of [H.From, H.To, H.Contact, H.Route, H.RecordRoute, H.Path]) USUAL[id] = isUsualAddress;

const isAddress = (value: string): boolean => {
  const address = parseNameAddr(value);
  return address !== undefined && parseUri(address.uri).ok;
};
