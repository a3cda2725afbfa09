// What is wrong with a new request before any role looks at it: RFC 3261 §16.3 items 3–5, RFC 5393 §4.2.2.
// Reader: endpoint.ts. What differs by role (scheme, who may send what) is the users'.
import type { BranchIds } from '../transaction/branch-id.js';
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';

export type Fault = Readonly<{ status: 420 | 482 | 483; headers: string }>;

const TOO_MANY_HOPS: Fault = { status: 483, headers: '' };
const LOOP: Fault = { status: 482, headers: '' };

/** The answer that the request deserves at once; undefined when nothing is wrong. OPTIONS is no exception. */
export const admissionFault = (
  request: SipMessage,
  branchIds: BranchIds,
  listener: string,
  proxyRequire: readonly string[] | 'any',
): Fault | undefined => {
  if (isExhausted(request)) return TOO_MANY_HOPS;
  if (branchIds.looped(request, listener)) return LOOP;
  if (proxyRequire === 'any' || !request.has(H.ProxyRequire)) return undefined;
  const unknown = unknownTags(request, proxyRequire);
  return unknown === '' ? undefined : { status: 420, headers: `Unsupported: ${unknown}\r\n` };
};

/** True when Max-Forwards is there and 0 (leading zeros allowed). */
export const isExhausted = (request: SipMessage): boolean => {
  const line = request.findLine(H.MaxForwards);
  return line >= 0 && Number(request.lineValue(line)) === 0;
};

const unknownTags = (request: SipMessage, known: readonly string[]): string => {
  const unknown: string[] = [];
  for (
    let line = request.findLine(H.ProxyRequire);
    line >= 0;
    line = request.findLine(H.ProxyRequire, line + 1)
  )
    for (const tag of request.lineValue(line).split(',')) {
      const name = tag.trim();
      if (name !== '' && !known.includes(name.toLowerCase())) unknown.push(name);
    }
  return unknown.join(', ');
};
