// Numbers of the operator in a file, in place of ENUM's DNS: blocks of numbers, each with the rule that makes a URI of them
// (docs/clearwater/sip.md §3.10). Clearwater's enum.json is read as it is. Pure.
import { type EnumRule, readEnumRule } from './enum-rule.js';
import { NumberPrefixes, plainPrefix } from './number-prefixes.js';
import { entriesOf, type FileResult, textIn } from './routing-file.js';

export interface NumberBlocks {
  /** What the rule of the longest block makes of the number; undefined where none has it, or its rule does not match. */
  uriOf(number: string): string | undefined;
}

/** Reads `{"number_blocks": [{"name", "prefix", "regex": "!…!…!"}]}`; one wrong entry refuses the file. */
export const readNumberBlocks = (json: string): FileResult<NumberBlocks> => {
  const entries = entriesOf(json, 'number_blocks');
  if (!entries.ok) return entries;
  const rules = new NumberPrefixes<EnumRule>();
  for (const [index, entry] of entries.value.entries()) {
    const bad = (reason: string) => ({ ok: false, reason: `number_blocks[${index}]: ${reason}` }) as const;
    const prefix = plainPrefix(textIn(entry, 'prefix') ?? '');
    if (prefix === undefined) return bad('takes the beginning of a number as "prefix"');
    const rule = readEnumRule(textIn(entry, 'regex') ?? '');
    if (!rule.ok) return bad(`"regex" ${rule.reason}`);
    if (!rules.add(prefix, rule.value)) return bad(`a second block for ${prefix}`);
  }
  return { ok: true, value: { uriOf: (number) => rules.longest(number)?.apply(number) } };
};
