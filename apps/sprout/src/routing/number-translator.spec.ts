// ENUM by DNS: which rule wins, what leads on, and where it ends (RFC 6116; sip.md §3.10).
import type { NameAnswer, NameLookup } from '#libs/sip';
import { createDnsTranslator, enumDomain, ENUM_LOOKUPS_MAX } from './number-translator.js';

type Rule = Readonly<{
  order?: number;
  preference?: number;
  flags?: string;
  services?: string;
  regexp?: string;
  replacement?: string;
}>;

const found = (...rules: readonly Rule[]): NameAnswer => ({
  kind: 'found',
  records: rules.map((rule) => ({
    type: 'NAPTR',
    order: 100,
    preference: 10,
    flags: 'u',
    services: 'E2U+sip',
    regexp: '',
    replacement: '.',
    ...rule,
  })),
});
const to = (uri: string): Pick<Rule, 'regexp'> => ({ regexp: `!^.*$!${uri}!` });

const NUMBER = '+15551234';
const DOMAIN = '4.3.2.1.5.5.5.1.e164.arpa';

const asking = (answers: Readonly<Record<string, NameAnswer>>) => {
  const asked: string[] = [];
  const dns: NameLookup = {
    lookup: (name) => {
      asked.push(name);
      return answers[name] ?? { kind: 'none' };
    },
  };
  return { asked, translate: () => createDnsTranslator(dns, 'e164.arpa').translate(NUMBER) };
};

it('asks for the digits backwards, below the suffix with or without a dot before it', () => {
  expect(enumDomain('+441632960', 'e164.arpa')).toBe('0.6.9.2.3.6.1.4.4.e164.arpa');
  expect(enumDomain('118', '.numbers.test')).toBe('8.1.1.numbers.test');
});

it.each([
  ['a terminal rule', [to('sip:bob@ims.test')], 'sip:bob@ims.test'],
  ['the lowest order, not the lowest preference', [{ ...to('sip:b@x'), order: 102, preference: 1 }, { ...to('sip:a@x'), order: 101, preference: 9 }], 'sip:a@x'],
  ['then the lowest preference', [{ ...to('sip:b@x'), preference: 20 }, { ...to('sip:a@x'), preference: 5 }], 'sip:a@x'],
  ['portability data of the PSTN', [{ ...to('tel:+1;npdi;rn=+2'), services: 'E2U+pstn:tel' }], 'tel:+1;npdi;rn=+2'],
  ['one service of several', [{ ...to('sip:a@x'), services: 'e2u+email:mailto+pstn:sip' }], 'sip:a@x'],
  ['the next, where the first does not fit the number', [{ regexp: '!^\\+49!sip:de@x!' }, to('sip:a@x')], 'sip:a@x'],
  ['the next, where the first is spoiled', [{ regexp: '!(!x!' }, to('sip:a@x')], 'sip:a@x'],
  ['groups of the number', [{ regexp: '!^\\+1(.*)$!sip:\\1@x!' }], 'sip:5551234@x'],
])('takes %s', async (_what, rules, uri) => {
  const { translate } = asking({ [DOMAIN]: found(...rules) });
  expect(await translate()).toEqual({ kind: 'uri', uri });
}); // prettier-ignore

it.each([
  ['other services', [{ ...to('mailto:a@x'), services: 'E2U+email:mailto' }]],
  ['services that are none of ENUM', [{ ...to('sip:a@x'), services: 'SIP+D2U' }]],
  ['flags of other uses of NAPTR', [{ ...to('sip:a@x'), flags: 's' }]],
  ['a rule without a result', [{ flags: '' }]],
])('knows nothing by %s', async (_what, rules) => {
  const { translate } = asking({ [DOMAIN]: found(...rules) });
  expect(await translate()).toEqual({ kind: 'none' });
});

it('follows rules that lead on, by expression and by name, so many and no more', async () => {
  const on = (replacement: string) => found({ flags: '', services: '', replacement });
  const far = asking({
    [DOMAIN]: found({ flags: '', regexp: '!^.*$!two.test!' }),
    'two.test': on('three.test'),
    'three.test': found(to('sip:far@x')),
  });
  expect(await far.translate()).toEqual({ kind: 'uri', uri: 'sip:far@x' });
  expect(far.asked).toEqual([DOMAIN, 'two.test', 'three.test']);

  const round = asking({ [DOMAIN]: on(DOMAIN) });
  expect(await round.translate()).toEqual({ kind: 'none' });
  expect(round.asked).toHaveLength(ENUM_LOOKUPS_MAX);
});

it('tells a number that nobody has from one that nobody can tell', async () => {
  expect(await asking({}).translate()).toEqual({ kind: 'none' });
  expect(await asking({ [DOMAIN]: { kind: 'failed' } }).translate()).toEqual({ kind: 'failed' });
});
