// ENUM: which URI a telephone number has, by DNS (RFC 6116) or by the operator's file. Readers: way-out.ts.
import { type NumberBlocks, readEnumRule } from '#libs/domain';
import type { NameEntry, NameLookup } from '#libs/sip';

/** `failed`: nobody could say, which is not the same as a number that has no URI. */
export type Translation =
  Readonly<{ kind: 'uri'; uri: string }> | Readonly<{ kind: 'none' }> | Readonly<{ kind: 'failed' }>;

export interface NumberTranslator {
  /** `number` without separators, `+` before a global one. Never rejects. */
  translate(number: string): Promise<Translation>;
}

/** Rules that lead on to another domain, one after the other; beyond it is a loop. RFC 6116 §5.2.1 asks for five at least. */
export const ENUM_LOOKUPS_MAX = 5;

const NONE: Translation = { kind: 'none' };
const FAILED: Translation = { kind: 'failed' };

/** `+441632960` is `0.6.9.2.3.6.1.4.4.e164.arpa` (RFC 6116 §3.2). */
export const enumDomain = (number: string, suffix: string): string =>
  `${[...number.replace(/[^0-9]/g, '')].reverse().join('.')}.${suffix.replace(/^\./, '')}`;

type Rule = Extract<NameEntry, { type: 'NAPTR' }>;

const SERVICES: ReadonlySet<string> = new Set(['sip', 'pstn:sip', 'pstn:tel']);

/** `E2U+sip`, `E2U+pstn:tel`, or several in one: `E2U+sip+pstn:sip` (RFC 6116 §3.4.3). A rule that leads on may name none. */
const isWanted = ({ services, flags }: Rule): boolean => {
  if (services === '' && flags === '') return true;
  const [resolution, ...types] = services.toLowerCase().split('+');
  return resolution === 'e2u' && types.some((type) => SERVICES.has(type));
};

const rulesIn = (records: readonly NameEntry[]): readonly Rule[] =>
  records
    .filter((record): record is Rule => record.type === 'NAPTR')
    .filter(isWanted)
    .sort((a, b) => a.order - b.order || a.preference - b.preference);

/** What a rule makes of the number: by its expression, or as it stands there. */
const applied = ({ regexp, replacement }: Rule, number: string): string | undefined => {
  if (regexp === '') return replacement === '' || replacement === '.' ? undefined : replacement;
  const rule = readEnumRule(regexp);
  return rule.ok ? rule.value.apply(number) : undefined;
};

/** By DNS: the rule of the lowest order, then of the lowest preference, that the number fits. */
export const createDnsTranslator = (dns: NameLookup, suffix: string): NumberTranslator => ({
  async translate(number) {
    let domain = enumDomain(number, suffix);
    for (let lookups = 0; lookups < ENUM_LOOKUPS_MAX; lookups++) {
      const answer = await dns.lookup(domain, 'NAPTR');
      if (answer.kind !== 'found') return answer.kind === 'none' ? NONE : FAILED;
      let next: string | undefined;
      for (const rule of rulesIn(answer.records)) {
        const made = applied(rule, number);
        if (made === undefined) continue;
        const flag = rule.flags.toLowerCase();
        if (flag === 'u') return { kind: 'uri', uri: made };
        if (flag !== '') continue; // RFC 3404's others ask for something else
        next = made;
        break;
      }
      if (next === undefined) return NONE;
      domain = next;
    }
    return NONE;
  },
});

/** By the operator's file. */
export const createFileTranslator = (blocks: () => NumberBlocks | undefined): NumberTranslator => ({
  translate(number) {
    const uri = blocks()?.uriOf(number);
    return Promise.resolve(uri === undefined ? NONE : { kind: 'uri', uri });
  },
});
