// A rule that rewrites a number into a URI: the Regexp field of a NAPTR record (RFC 3402 §3.2, RFC 6116 §3.4), as DNS and the
// operator's file have it: `!^(.*)$!sip:\1@ims.test!i`. Pure; runs in time linear in the number, whoever wrote the rule.
import { compileGrouped, type GroupedPattern } from '../filter-criteria/linear-pattern.js';

/** A longer rule is refused like one that does not compile; DNS has none longer (RFC 3402 §3.2: 255 bytes and more are legal, rare). */
export const ENUM_RULE_LENGTH_MAX = 1_024;
/** What a rule makes of a number; longer is no URI that anybody meant. */
export const ENUM_RESULT_LENGTH_MAX = 512;

export interface EnumRule {
  /** The number with its first match rewritten; undefined where the rule does not match. */
  apply(number: string): string | undefined;
}

export type EnumRuleResult =
  Readonly<{ ok: true; value: EnumRule }> | Readonly<{ ok: false; reason: string }>;

const BACKSLASH = '\\';
/** RFC 3402 §3.2: a delimiter is neither a digit nor the flag, and no backslash. */
const DELIMITER = /^[^0-9i\\]$/;
const FLAGS = /^i?$/i;

/** Splits at delimiters that no backslash escapes; in the parts an escaped delimiter is the plain character. */
const split = (text: string, delimiter: string): readonly string[] => {
  const parts: string[] = [];
  let part = '';
  for (let at = 1; at < text.length; at++) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === BACKSLASH && next === delimiter) {
      part += delimiter;
      at++;
    } else if (char === BACKSLASH && next !== '') {
      part += char + next;
      at++;
    } else if (char === delimiter) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  parts.push(part);
  return parts;
};

/** A piece of the replacement: text, or the group of that number. */
type Piece = string | number;

const readReplacement = (text: string): readonly Piece[] => {
  const pieces: Piece[] = [];
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char !== BACKSLASH || next === '') {
      plain += char;
      continue;
    }
    at++;
    if (next >= '1' && next <= '9') {
      pieces.push(plain, Number(next));
      plain = '';
    } else plain += next;
  }
  pieces.push(plain);
  return pieces;
};

/** Reads a Regexp field. */
export const readEnumRule = (field: string): EnumRuleResult => {
  const bad = (reason: string): EnumRuleResult => ({ ok: false, reason });
  if (field.length > ENUM_RULE_LENGTH_MAX) return bad(`longer than ${ENUM_RULE_LENGTH_MAX}`);
  const delimiter = field.charAt(0);
  if (!DELIMITER.test(delimiter)) return bad('no delimiter at its start');
  const [pattern, replacement, flags, ...more] = split(field, delimiter);
  if (pattern === undefined || replacement === undefined || flags === undefined || more.length > 0)
    return bad(`takes ${delimiter}pattern${delimiter}replacement${delimiter}`);
  if (!FLAGS.test(flags)) return bad(`unknown flag ${flags}`);
  const compiled = compileGrouped(pattern, flags !== '');
  if (!compiled.ok) return bad(compiled.reason);
  const { value: grouped } = compiled;
  const pieces = readReplacement(replacement);
  if (pieces.some((piece) => typeof piece === 'number' && piece > grouped.groupCount))
    return bad('names a group that the pattern does not have');
  return { ok: true, value: { apply: (number) => rewrite(grouped, pieces, number) } };
};

const rewrite = (pattern: GroupedPattern, pieces: readonly Piece[], number: string): string | undefined => {
  const found = pattern.search(number);
  if (found === undefined) return undefined;
  let made = number.slice(0, found.start);
  for (const piece of pieces) made += typeof piece === 'string' ? piece : found.groups[piece]!;
  made += number.slice(found.end);
  return made.length > ENUM_RESULT_LENGTH_MAX ? undefined : made;
};
