// The operator's tables: which beginning of a number wins, what a rule makes of it, which files are refused (sip.md §3.10).
import fc from 'fast-check';
import { readBgcfRoutes } from './bgcf-routes.js';
import { ENUM_RULE_LENGTH_MAX, readEnumRule } from './enum-rule.js';
import { readNumberBlocks } from './number-blocks.js';

const tableOf = (routes: readonly object[]) => {
  const read = readBgcfRoutes(JSON.stringify({ routes }));
  if (!read.ok) throw new Error(read.reason);
  return read.value;
};
const way = (key: object, name: string) => ({ name, route: [`sip:${name}.test`], ...key });

describe('ways out by number', () => {
  const table = tableOf([
    way({ number: '+44' }, 'uk'),
    way({ number: '+44-20 (7)' }, 'london'),
    way({ number: '+4420' }, 'capital'),
    way({ number: '118' }, 'service'),
    way({ domain: 'example.test' }, 'peer'),
  ]);
  it.each([
    ['+442071234567', 'london'],
    ['+442081234567', 'capital'],
    ['+44161123456', 'uk'],
    ['+44', 'uk'],
    ['118118', 'service'],
    // A short number is not the beginning of a longer prefix.
    ['+4', undefined],
    ['11', undefined],
    ['', undefined],
    ['+4915', undefined],
    ['44161', undefined],
  ])('%s goes to %s', (number, name) => {
    expect(table.ofNumber(number)?.name).toBe(name);
  });

  it('then what is for any number, then what is for any domain', () => {
    const any = [way({ number: '+1' }, 'na'), way({ domain: '*' }, 'rest')];
    expect(tableOf(any).ofNumber('+491')?.name).toBe('rest');
    expect(tableOf([...any, way({ number: '*' }, 'numbers')]).ofNumber('+491')?.name).toBe('numbers');
    expect(tableOf([...any, way({ domain: '' }, 'none')]).ofNumber('+491')?.name).toBe('none');
  });

  it('is always the longest true prefix', () => {
    const digits = fc.stringMatching(/^\+[0-9]{1,6}$/);
    fc.assert(
      fc.property(fc.uniqueArray(digits, { minLength: 1, maxLength: 8 }), digits, (prefixes, number) => {
        const longest = prefixes
          .filter((prefix) => number.startsWith(prefix))
          .sort((a, b) => b.length - a.length)[0];
        const found = tableOf(prefixes.map((prefix) => way({ number: prefix }, prefix))).ofNumber(number);
        expect(found?.name).toBe(longest);
      }),
    );
  });
});

it('knows ways out by domain, whatever its case, and one for any', () => {
  const routes = [way({ domain: 'Example.test' }, 'peer'), way({ domain: '*' }, 'rest')];
  expect(tableOf(routes).ofDomain('EXAMPLE.TEST')?.name).toBe('peer');
  expect(tableOf(routes).ofDomain('other.test')?.name).toBe('rest');
  expect(tableOf(routes.slice(0, 1)).ofDomain('sub.example.test')).toBeUndefined();
});

it('keeps every URI of a way, in angle brackets or without', () => {
  const read = tableOf([{ name: 'two', number: '+1', route: ['<sip:a.test;lr>', 'sip:b.test:5070'] }]);
  expect(read.ofNumber('+12')?.routes).toEqual(['sip:a.test;lr', 'sip:b.test:5070']);
});

it.each([
  ['[]', 'takes {"routes": [ … ]}'],
  ['{"routes":[1]}', 'routes[0] is no object'],
  ['{', 'no JSON'],
  ['{"routes":[{"number":"+1","route":["http://x"]}]}', 'SIP URIs'],
  ['{"routes":[{"number":"+1","route":[]}]}', 'SIP URIs'],
  [
    JSON.stringify({ routes: [{ number: '+1', route: Array.from({ length: 11 }, () => 'sip:a') }] }),
    '1 to 10',
  ],
  ['{"routes":[{"route":["sip:a"]}]}', 'takes "number" or "domain"'],
  ['{"routes":[{"number":"+1","domain":"x","route":["sip:a"]}]}', 'takes "number" or "domain"'],
  ['{"routes":[{"number":"one","route":["sip:a"]}]}', 'no beginning of a number'],
  [
    '{"routes":[{"number":"+1","route":["sip:a"]},{"number":"+1","route":["sip:b"]}]}',
    'routes[1]: a second route for +1',
  ],
])('refuses the table %s', (json, reason) => {
  expect(readBgcfRoutes(json)).toMatchObject({
    ok: false,
    reason: expect.stringContaining(reason) as string,
  });
});

describe('a rule', () => {
  const apply = (field: string, number: string): string | undefined => {
    const rule = readEnumRule(field);
    if (!rule.ok) throw new Error(rule.reason);
    return rule.value.apply(number);
  };
  it.each([
    ['!(^.*$)!sip:\\1@ims.test!', '+15551234', 'sip:+15551234@ims.test'],
    ['!^\\+1555(.*)$!sip:\\1@a.test!', '+15551234', 'sip:1234@a.test'],
    ['/^(\\+1)(5)/\\2-\\1-/', '+15551234', '5-+1-551234'],
    ['!^\\+44!tel:x!', '+15551234', undefined],
    ['!a!b!i', 'xAy', 'xby'],
    ['!^.*$!sip:a\\!b@x!', '+1', 'sip:a!b@x'],
    ['!^.*$!sip:a\\\\b@x!', '+1', 'sip:a\\b@x'],
    ['!^.*$!!', '+1', ''],
  ])('%s makes of %s %s', (field, number, made) => {
    expect(apply(field, number)).toBe(made);
  });
  it.each([
    ['', 'no delimiter'],
    ['1a1b1', 'no delimiter'],
    ['!a!b', 'takes !pattern!replacement!'],
    ['!a!b!c!', 'takes !pattern!replacement!'],
    ['!a!b!x', 'unknown flag'],
    ['!(!b!', 'missing closing'],
    ['!(a)!\\2!', 'names a group'],
  ])('%s is refused: %s', (field, reason) => {
    expect(readEnumRule(field)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(reason) as string,
    });
  });
  it('of more than so many characters is refused', () => {
    const field = `!a!${'b'.repeat(ENUM_RULE_LENGTH_MAX - 4)}!`;
    expect(readEnumRule(field).ok).toBe(true);
    expect(readEnumRule(`${field}i`)).toMatchObject({ ok: false });
  });
  it('makes nothing that is longer than a URI', () => {
    const field = `!^(.*)$!${'\\1'.repeat(200)}!`;
    expect(apply(field, '12')).toHaveLength(400);
    expect(apply(field, '1234567890')).toBeUndefined();
  });
  it('explodes on no number', () => {
    expect(apply('!^(a+)+$!x!', `${'a'.repeat(50_000)}b`)).toBeUndefined();
  });
});

it('takes the longest block of numbers, and no block for a short number', () => {
  const block = (prefix: string, regex: string) => ({ name: prefix, prefix, regex });
  const read = readNumberBlocks(
    JSON.stringify({
      number_blocks: [
        block('+1555', '!(^.*$)!sip:\\1@a.test!'),
        block('+15551', '!(^.*$)!sip:\\1@b.test!'),
        block('+2', '!^\\+29(.*)$!tel:\\1!'),
      ],
    }),
  );
  if (!read.ok) throw new Error(read.reason);
  expect(read.value.uriOf('+15551234')).toBe('sip:+15551234@b.test');
  expect(read.value.uriOf('+15559')).toBe('sip:+15559@a.test');
  expect(read.value.uriOf('+155')).toBeUndefined();
  expect(read.value.uriOf('+281')).toBeUndefined();
});

it.each([
  ['{"number_blocks":[{"prefix":"x","regex":"!a!b!"}]}', 'number_blocks[0]: takes the beginning'],
  ['{"number_blocks":[{"prefix":"+1","regex":"!(!b!"}]}', 'number_blocks[0]: "regex"'],
  ['{"number_blocks":[{"prefix":"+1","regex":"!a!b!"},{"prefix":"+1","regex":"!a!b!"}]}', 'second block'],
])('refuses the numbers %s', (json, reason) => {
  expect(readNumberBlocks(json)).toMatchObject({
    ok: false,
    reason: expect.stringContaining(reason) as string,
  });
});
