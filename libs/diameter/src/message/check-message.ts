// What a request's command asks of its AVPs, and the first thing that is wrong with it: RFC 6733 §4.1, §4.4, §7.1, and the
// grammars of the dictionaries. Answers are not judged: what is missing in one is absent to its reader.
import { type Avp, AVP_FLAG, encodeAvps, type Fault, readAvps } from '../codec/avp.js';
import { FORMATS, type SimpleType } from '../codec/formats.js';
import { isProxiable } from '../codec/header.js';
import { AVPS_MAX, NESTING_MAX } from '../codec/limits.js';
import { RESULT } from '../codec/result-codes.js';
import {
  avpByCode,
  avpByName,
  type AvpDefinition,
  type AvpName,
  leastBytes,
} from '../dictionary/dictionary.js';
import type { CommandGrammar, Grammar } from '../dictionary/grammar.js';
import type { Message } from './message.js';

/** How strict: an accounting server may take what it does not know, and record it. */
export type Strictness = Readonly<{ acceptUnknown?: boolean }>;

const fault = (resultCode: number, reason: string, ...failed: readonly Avp[]): Fault => ({
  resultCode,
  reason,
  ...(failed.length > 0 ? { failed } : {}),
});

/** With a payload of zeros of the least length that its type has (RFC 6733 §7.1.5, 5005 and 5014). */
const example = (name: string): Avp => {
  const definition = avpByName(name as AvpName);
  const flags = (definition.vendorId !== 0 ? AVP_FLAG.vendor : 0) | (definition.mandatory ? AVP_FLAG.mandatory : 0);
  return { code: definition.code, vendorId: definition.vendorId, flags, data: Buffer.alloc(leastBytes(definition)) };
}; // prettier-ignore

/** The offending one inside the group that holds it (RFC 6733 §7.5). */
const within = (group: Avp, inner: Fault): Fault => {
  return inner.failed ? { ...inner, failed: [{ ...group, data: encodeAvps(inner.failed) }] } : inner;
};

type Check = { readonly strictness: Strictness; count: number };

const checkValue = (avp: Avp, definition: AvpDefinition): Fault | undefined => {
  const format = FORMATS[definition.type as SimpleType];
  if (format.bytes !== undefined && avp.data.length !== format.bytes)
    return fault(RESULT.DIAMETER_INVALID_AVP_LENGTH, `${definition.name} has ${avp.data.length} bytes`, {
      ...avp,
      data: Buffer.alloc(leastBytes(definition)),
    });
  if (!format.isValid(avp.data))
    return fault(RESULT.DIAMETER_INVALID_AVP_VALUE, `${definition.name} is no ${definition.type}`, avp);
  if (definition.values && !definition.values.has(avp.data.readInt32BE(0)))
    return fault(RESULT.DIAMETER_INVALID_AVP_VALUE, `${definition.name} has no such value`, avp);
  return undefined;
};

const checkFlags = (avp: Avp): Fault | undefined => {
  const { flags, vendorId } = avp;
  if (flags & AVP_FLAG.reserved)
    return fault(RESULT.DIAMETER_INVALID_AVP_BITS, 'an AVP flag that is not known', avp);
  if (flags & AVP_FLAG.vendor && vendorId === 0)
    return fault(RESULT.DIAMETER_INVALID_AVP_BIT_COMBO, 'the V bit with vendor 0', avp);
  return undefined;
};

const checkGroup = (avp: Avp, definition: AvpDefinition, check: Check, depth: number): Fault | undefined => {
  if (depth > NESTING_MAX)
    return fault(RESULT.DIAMETER_UNABLE_TO_COMPLY, `groups nest deeper than ${NESTING_MAX}`);
  const { avps, fault: unreadable } = readAvps(avp.data);
  if (unreadable) return within(avp, unreadable);
  const wrong = checkAvps(avps, definition.grammar, check, depth);
  return wrong && within(avp, wrong);
};

const checkOne = (avp: Avp, check: Check, depth: number): Fault | undefined => {
  const definition = avpByCode(avp.vendorId, avp.code);
  if (!definition) {
    const mustBeKnown = (avp.flags & AVP_FLAG.mandatory) !== 0 && check.strictness.acceptUnknown !== true;
    return mustBeKnown
      ? fault(RESULT.DIAMETER_AVP_UNSUPPORTED, `AVP ${avp.code} of vendor ${avp.vendorId} is not known`, avp)
      : undefined;
  }
  return definition.type === 'Grouped'
    ? checkGroup(avp, definition, check, depth + 1)
    : checkValue(avp, definition);
};

/** How often each may and must stand there; the failed one is the first too many. */
const checkCounts = (avps: readonly Avp[], { members, open }: Grammar): Fault | undefined => {
  const counts = new Map<string, number>();
  for (const avp of avps) {
    const definition = avpByCode(avp.vendorId, avp.code);
    if (!definition) continue;
    const { name } = definition;
    const member = members.get(name);
    if (member?.max === 0 || (!member && !open))
      return fault(RESULT.DIAMETER_AVP_NOT_ALLOWED, `${name} has no place here`, avp);
    const count = (counts.get(name) ?? 0) + 1;
    if (member && count > member.max)
      return fault(RESULT.DIAMETER_AVP_OCCURS_TOO_MANY_TIMES, `${name} stands ${count} times`, avp);
    counts.set(name, count);
  }
  for (const { name, min } of members.values())
    if ((counts.get(name) ?? 0) < min)
      return fault(RESULT.DIAMETER_MISSING_AVP, `${name} is missing`, example(name));
  return undefined;
};

const checkAvps = (
  avps: readonly Avp[],
  grammar: Grammar | undefined,
  check: Check,
  depth: number,
): Fault | undefined => {
  check.count += avps.length;
  if (check.count > AVPS_MAX) return fault(RESULT.DIAMETER_UNABLE_TO_COMPLY, `more than ${AVPS_MAX} AVPs`);
  for (const avp of avps) {
    const wrong = checkFlags(avp) ?? checkOne(avp, check, depth);
    if (wrong) return wrong;
  }
  return grammar && checkCounts(avps, grammar);
};

/** RFC 6733 §6.11 in its own words; §3: the ids in AVPs are those of the header. */
const checkApplication = ({ avps, applicationId, command }: Message): Fault | undefined => {
  const isCapabilities = command === 257;
  for (const group of avps.groups('Vendor-Specific-Application-Id')) {
    const [auth, acct] = [group.raw('Auth-Application-Id'), group.raw('Acct-Application-Id')];
    if (auth && acct)
      return fault(RESULT.DIAMETER_AVP_OCCURS_TOO_MANY_TIMES, 'an application that is both auth and acct', auth, acct);
    if (!auth && !acct)
      return fault(RESULT.DIAMETER_MISSING_AVP, 'no application in Vendor-Specific-Application-Id', example('Auth-Application-Id'), example('Acct-Application-Id'));
    const id = group.get('Auth-Application-Id') ?? group.get('Acct-Application-Id');
    const holder = avps.raw('Vendor-Specific-Application-Id');
    if (!isCapabilities && id !== applicationId && holder)
      return fault(RESULT.DIAMETER_CONTRADICTING_AVPS, 'the application is not the header’s', holder);
  }
  if (isCapabilities) return undefined;
  for (const name of ['Auth-Application-Id', 'Acct-Application-Id'] as const) {
    const avp = avps.raw(name);
    if (avp && avps.get(name) !== applicationId)
      return fault(RESULT.DIAMETER_CONTRADICTING_AVPS, `${name} is not the header’s`, avp);
  }
  return undefined;
}; // prettier-ignore

/** The first thing wrong with a request of this command, or nothing. */
export const checkRequest = (
  message: Message,
  grammar: CommandGrammar,
  strictness: Strictness = {},
): Fault | undefined => {
  if (isProxiable(message) && !grammar.isProxiable)
    return fault(RESULT.DIAMETER_INVALID_HDR_BITS, `${grammar.short} with the P bit`);
  return checkAvps(message.avps.list, grammar, { strictness, count: 0 }, 0) ?? checkApplication(message);
};
