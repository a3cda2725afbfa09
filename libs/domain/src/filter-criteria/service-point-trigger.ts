// One service point trigger as a predicate (TS 29.228 §B.2.3, Annex F): compiled once a profile, run once an INVITE.
// Reader: compile-criteria.ts.
import type { CriteriaSubject } from './criteria-subject.js';
import { requestUriMatches } from './criteria-subject.js';
import { compilePattern, type LinearPattern } from './linear-pattern.js';
import type { ServicePointTrigger, TriggerCondition } from './service-profile.js';

export type Predicate = (subject: CriteriaSubject) => boolean;

export type CompiledTrigger = Readonly<{
  /** Negation applied. */
  holds: Predicate;
  /** Cheaper triggers are asked first. */
  cost: number;
  /** Why it can never hold. */
  problem?: string;
}>;

/** A trigger whose pattern does not compile never holds, negated or not: a mistake must not invoke a server for all. */
export const compileTrigger = ({ condition, negated }: ServicePointTrigger): CompiledTrigger => {
  const compiled = compileCondition(condition);
  if ('problem' in compiled) return { holds: never, cost: 0, problem: compiled.problem };
  const { holds } = compiled;
  return { holds: negated ? (subject) => !holds(subject) : holds, cost: COSTS[condition.kind] };
};

const COSTS: Readonly<Record<TriggerCondition['kind'], number>> = {
  unknown: 0,
  'session-case': 1,
  method: 1,
  'request-uri': 2,
  'sip-header': 3,
  'session-description': 4,
};

const never: Predicate = () => false;

type CompiledCondition = Readonly<{ holds: Predicate }> | Readonly<{ problem: string }>;

const compileCondition = (condition: TriggerCondition): CompiledCondition => {
  switch (condition.kind) {
    case 'method':
      return { holds: methodPredicate(condition) };
    case 'session-case':
      return { holds: ({ sessionCase }) => sessionCase === condition.sessionCase };
    case 'request-uri':
      return compileRequestUri(condition.pattern);
    case 'sip-header':
      return compileHeader(condition.header, condition.content);
    case 'session-description':
      return compileSessionDescription(condition.line, condition.content);
    case 'unknown':
      return { holds: never };
  }
};

/** RegistrationType narrows REGISTER only; none given: any. */
const methodPredicate = ({
  method,
  registrationTypes,
}: Extract<TriggerCondition, { kind: 'method' }>): Predicate =>
  method !== 'REGISTER' || registrationTypes.length === 0
    ? (subject) => subject.method === method
    : (subject) =>
        subject.method === method &&
        subject.registrationType !== undefined &&
        registrationTypes.includes(subject.registrationType);

/** Case does not matter: RFC 3261 §19.1.4 (host), RFC 3966 §5, RFC 8141 §3.1. */
const compileRequestUri = (pattern: string): CompiledCondition => {
  const compiled = compilePattern(pattern, true);
  if (!compiled.ok) return { problem: `RequestURI ${pattern}: ${compiled.reason}` };
  const test = (text: string): boolean => compiled.value.test(text);
  return { holds: ({ requestUri }) => requestUriMatches(requestUri, test) };
};

/** Header names remembered with their verdict; at the bound the memory starts afresh. */
const HEADER_NAMES_REMEMBERED_MAX = 256;

/** The pattern stands for header names, whatever their case; the content pattern for each value, case kept. */
const compileHeader = (header: string, content: string | undefined): CompiledCondition => {
  const name = compilePattern(header, true);
  if (!name.ok) return { problem: `Header ${header}: ${name.reason}` };
  const value = content === undefined ? undefined : compilePattern(content);
  if (value && !value.ok) return { problem: `Content ${content}: ${value.reason}` };

  const valueHolds = (subject: CriteriaSubject, found: string): boolean => {
    if (!value) return true;
    const values = subject.headerValues(found);
    for (let at = 0; at < values.length; at++) if (value.value.test(values[at] ?? '')) return true;
    return false;
  };
  const { only } = name.value;
  if (only !== undefined)
    return { holds: (subject) => subject.headerValues(only).length > 0 && valueHolds(subject, only) };

  const nameMatches = remembered(name.value);
  return {
    holds: (subject) => {
      const names = subject.headerNames();
      for (let at = 0; at < names.length; at++) {
        const found = names[at] ?? '';
        if (nameMatches(found) && valueHolds(subject, found)) return true;
      }
      return false;
    },
  };
};

const remembered = (pattern: LinearPattern): ((name: string) => boolean) => {
  const verdicts = new Map<string, boolean>();
  return (name) => {
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    if (verdicts.size >= HEADER_NAMES_REMEMBERED_MAX) verdicts.clear();
    const verdict = pattern.test(name);
    verdicts.set(name, verdict);
    return verdict;
  };
};

/** Line is matched against the type character, Content against what stands after `=` in such a line. */
const compileSessionDescription = (line: string, content: string | undefined): CompiledCondition => {
  const type = compilePattern(line);
  if (!type.ok) return { problem: `Line ${line}: ${type.reason}` };
  const value = content === undefined ? undefined : compilePattern(content);
  if (value && !value.ok) return { problem: `Content ${content}: ${value.reason}` };
  const types = typeTable(type.value);

  return {
    holds: (subject) => {
      const sdp = subject.sdp();
      for (let start = 0; start < sdp.length;) {
        const newline = sdp.indexOf('\n', start);
        const next = newline < 0 ? sdp.length : newline + 1;
        if (types[sdp.charCodeAt(start)] && sdp[start + 1] === '=') {
          if (!value || value.value.test(sdp.slice(start + 2, lineEnd(sdp, start, next)))) return true;
        }
        start = next;
      }
      return false;
    },
  };
};

/** RFC 8866 §5: type characters are ASCII letters, so the answers are known beforehand. */
const typeTable = (pattern: LinearPattern): readonly boolean[] =>
  Array.from({ length: 128 }, (_none, code) => code > 32 && pattern.test(String.fromCharCode(code)));

const lineEnd = (sdp: string, start: number, next: number): number => {
  let end = next;
  while (end > start && (sdp[end - 1] === '\n' || sdp[end - 1] === '\r')) end--;
  return end;
};
