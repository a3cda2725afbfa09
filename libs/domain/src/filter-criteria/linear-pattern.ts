// Regular expressions of service point triggers, matched in time linear in the input (TS 29.228 Annex F: POSIX extended).
// Literals, anchored or not, become string comparison; the rest runs on RE2. Readers: service-point-trigger.ts, enum-rule.ts.
import { RE2JS } from 're2js';

export interface LinearPattern {
  readonly source: string;
  /** Does the pattern occur in the text (search, not full match)? */
  test(text: string): boolean;
  /** Set when the pattern holds for one text only (`^text$`); lower case when case does not matter. */
  readonly only?: string;
}

export type CompiledPattern =
  Readonly<{ ok: true; value: LinearPattern }> | Readonly<{ ok: false; reason: string }>;

/** A longer pattern is refused like one that does not compile. */
export const PATTERN_LENGTH_MAX = 2048;

/** Alternatives of a pattern that are compared as strings; one with more runs on RE2. */
const LITERAL_ALTERNATIVES_MAX = 16;

/** Patterns kept compiled: most profiles of an operator hold the same ones. At the bound all are dropped. */
const PATTERNS_KEPT_MAX = 1024;
const kept = [new Map<string, CompiledPattern>(), new Map<string, CompiledPattern>()] as const;

/** The pattern ready to run; `ignoreCase` as header names are compared. */
export const compilePattern = (source: string, ignoreCase = false): CompiledPattern => {
  const patterns = kept[ignoreCase ? 1 : 0];
  const known = patterns.get(source);
  if (known) return known;
  if (patterns.size >= PATTERNS_KEPT_MAX) patterns.clear();
  const compiled = compileAfresh(source, ignoreCase);
  patterns.set(source, compiled);
  return compiled;
};

const compileAfresh = (source: string, ignoreCase: boolean): CompiledPattern => {
  if (source.length > PATTERN_LENGTH_MAX) return { ok: false, reason: `longer than ${PATTERN_LENGTH_MAX}` };
  const literals = literalAlternatives(source);
  if (literals && (!ignoreCase || isAscii(source)))
    return { ok: true, value: literalPattern(source, literals, ignoreCase) };
  try {
    // POSIX lets the dot match a line break.
    const regex = RE2JS.compile(source, RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0));
    return { ok: true, value: { source, test: (text) => regex.test(text) } };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'does not compile' };
  }
};

/** The first place where a pattern occurs, with what its groups hold there; the first group is the whole of it. */
export type Found = Readonly<{ start: number; end: number; groups: readonly string[] }>;

export interface GroupedPattern {
  readonly groupCount: number;
  search(text: string): Found | undefined;
}

/** For rules that rewrite what they match (RFC 3402 §3.2): a pattern whose groups are asked for. */
export const compileGrouped = (
  source: string,
  ignoreCase: boolean,
): Readonly<{ ok: true; value: GroupedPattern }> | Readonly<{ ok: false; reason: string }> => {
  if (source.length > PATTERN_LENGTH_MAX) return { ok: false, reason: `longer than ${PATTERN_LENGTH_MAX}` };
  try {
    const regex = RE2JS.compile(source, RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0));
    const groupCount = regex.groupCount();
    const search = (text: string): Found | undefined => {
      const matcher = regex.matcher(text);
      if (!matcher.find()) return undefined;
      const groups = Array.from({ length: groupCount + 1 }, (_, group) => matcher.group(group) ?? '');
      return { start: matcher.start(), end: matcher.end(), groups };
    };
    return { ok: true, value: { groupCount, search } };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'does not compile' };
  }
};

type Literal = Readonly<{ kind: 'contains' | 'prefix' | 'suffix' | 'equals'; text: string }>;

const literalPattern = (source: string, literals: readonly Literal[], ignoreCase: boolean): LinearPattern => {
  const tests = literals.map(({ kind, text }) => literalTest(kind, ignoreCase ? text.toLowerCase() : text));
  const [first] = tests;
  const test = tests.length === 1 && first ? first : (text: string) => tests.some((one) => one(text));
  const folded = ignoreCase ? (text: string) => test(text.toLowerCase()) : test;
  const [literal] = literals;
  const only =
    literals.length === 1 && literal?.kind === 'equals'
      ? { only: ignoreCase ? literal.text.toLowerCase() : literal.text }
      : {};
  return { source, test: folded, ...only };
};

const literalTest = (kind: Literal['kind'], wanted: string): ((text: string) => boolean) => {
  if (wanted === '' && kind !== 'equals') return () => true;
  switch (kind) {
    case 'contains':
      return (text) => text.includes(wanted);
    case 'prefix':
      return (text) => text.startsWith(wanted);
    case 'suffix':
      return (text) => text.endsWith(wanted);
    case 'equals':
      return (text) => text === wanted;
  }
};

/** The pattern as alternatives that need no regular expression, or undefined. */
const literalAlternatives = (source: string): readonly Literal[] | undefined => {
  const group = /^(\^?)\(([^()]*[^()\\])\)(\$?)$/.exec(source);
  // `^(a|b)$` is `^a$|^b$`; without a group the anchors belong to the outer alternatives.
  const parts = group
    ? splitAlternatives(group[2] ?? '').map((part) => `${group[1]}${part}${group[3]}`)
    : splitAlternatives(source);
  if (parts.length > LITERAL_ALTERNATIVES_MAX) return undefined;
  const literals: Literal[] = [];
  for (const part of parts) {
    const literal = literalOf(part);
    if (!literal) return undefined;
    literals.push(literal);
  }
  return literals;
};

/** Splits at bars that no backslash escapes. Brackets make literalOf refuse the parts, so they need no care here. */
const splitAlternatives = (source: string): string[] => {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '|') {
      parts.push(source.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(source.slice(start));
  return parts;
};

const SPECIAL = '.*+?()[]{}|^$';

/** `^lit$`, `lit`, `.*lit.*` and so on; undefined for anything that is more than a literal with anchors. */
const literalOf = (source: string): Literal | undefined => {
  let [start, end] = [0, source.length];
  let [anchoredStart, anchoredEnd] = [false, false];
  if (source.startsWith('^')) {
    anchoredStart = true;
    start = 1;
  }
  if (end > start && source.endsWith('$')) {
    anchoredEnd = true;
    end--;
  }
  if (end - start >= 2 && source.startsWith('.*', start)) {
    anchoredStart = false;
    start += 2;
  }
  if (end - start >= 2 && source.startsWith('.*', end - 2)) {
    anchoredEnd = false;
    end -= 2;
  }
  const text = unescaped(source.slice(start, end));
  if (text === undefined) return undefined;
  if (anchoredStart) return { kind: anchoredEnd ? 'equals' : 'prefix', text };
  return { kind: anchoredEnd ? 'suffix' : 'contains', text };
};

/**
 * The text that a run of plain and escaped characters stands for; undefined when there is an operator in it, or a
 * backslash at its end (what was taken for an anchor was escaped).
 */
const unescaped = (source: string): string | undefined => {
  let text = '';
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === '\\') {
      const next = source.charAt(++at);
      // A backslash before a letter or digit is a class or an assertion.
      if (next === '' || /[A-Za-z0-9]/.test(next) || next.charCodeAt(0) > 126) return undefined;
      text += next;
    } else if (SPECIAL.includes(char)) return undefined;
    else text += char;
  }
  return text;
};

const isAscii = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 126) return false;
  return true;
};
