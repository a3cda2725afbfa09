import fc from 'fast-check';
import { RE2JS } from 're2js';
import { compilePattern, PATTERN_LENGTH_MAX } from './linear-pattern.js';

const holds = (pattern: string, text: string, ignoreCase = false): boolean => {
  const compiled = compilePattern(pattern, ignoreCase);
  if (!compiled.ok) throw new Error(compiled.reason);
  return compiled.value.test(text);
};

describe('a pattern of a service point trigger (TS 29.228 Annex F)', () => {
  it.each([
    ['plain text occurs anywhere', 'video', 'a video call', true],
    ['plain text that does not occur', 'video', 'an audio call', false],
    ['anchored at the start', '^sip:', 'sip:bob', true],
    ['anchored at the start, elsewhere', '^sip:', '<sip:bob', false],
    ['anchored at the end', 'test$', 'ims.test', true],
    ['anchored at both ends', '^ims\\.test$', 'ims.test', true],
    ['anchored at both ends, longer text', '^ims\\.test$', 'ims.test:5060', false],
    ['an escaped dot is a dot', '^ims\\.test$', 'imsxtest', false],
    ['a bare dot is any character', '^ims.test$', 'imsxtest', true],
    ['padded with .*', '.*video.*', 'a video call', true],
    ['anchored and padded', '^.*call$', 'a video call', true],
    ['alternatives', '^(audio|video)$', 'video', true],
    ['alternatives anchored alike', '^(audio|video)$', 'video call', false],
    ['alternatives with anchors of their own', '^audio|call$', 'a video call', true],
    ['an escaped dollar at the end', 'cost\\$', 'cost$', true],
    ['an escaped dollar is no anchor', 'cost\\$', 'cost', false],
    ['POSIX character classes', '^[[:digit:]]+$', '12345', true],
    ['intervals', '^a{2,3}$', 'aaaa', false],
    ['a dot matches a line break', 'a.b', 'a\nb', true],
    ['the empty pattern holds for everything', '', '', true],
    ['^$ holds for nothing but the empty text', '^$', 'a', false],
  ])('%s', (_name, pattern, text, expected) => {
    expect(holds(pattern, text)).toBe(expected);
  });

  it('keeps case unless told otherwise', () => {
    expect(holds('^Accept$', 'ACCEPT')).toBe(false);
    expect(holds('^Accept$', 'ACCEPT', true)).toBe(true);
    expect(holds('^Acc[e]pt$', 'ACCEPT', true)).toBe(true);
  });

  it('knows when it stands for one text only', () => {
    const exact = compilePattern('^P-Asserted-Identity$', true);
    expect(exact.ok && exact.value.only).toBe('p-asserted-identity');
    const loose = compilePattern('P-Asserted-Identity', true);
    expect(loose.ok && loose.value.only).toBe(undefined);
  });

  it('gives a reason for what does not compile', () => {
    for (const pattern of ['(', '[a', 'a**', '(?=a)', '\\1', '^(a\\)$', 'x'.repeat(PATTERN_LENGTH_MAX + 1)])
      expect(compilePattern(pattern)).toEqual({ ok: false, reason: expect.any(String) as string });
  });

  it('never throws and agrees with RE2, whichever way it is run', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      'B',
      '.',
      '.*',
      '\\.',
      '^',
      '$',
      '|',
      '(',
      ')',
      '\\',
      '*',
      '[a-b]',
      '$',
    );
    const pattern = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(''));
    const text = fc.array(fc.constantFrom('a', 'b', 'A', 'B', '.', '$', '\n'), { maxLength: 6 });
    fc.assert(
      fc.property(pattern, text.map((chars) => chars.join('')), fc.boolean(), (source, input, ignoreCase) => {
        const compiled = compilePattern(source, ignoreCase);
        const flags = RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
        if (compiled.ok) expect(compiled.value.test(input)).toBe(RE2JS.compile(source, flags).test(input));
        else expect(() => RE2JS.compile(source, flags)).toThrow();
      }),
      { numRuns: 3000 },
    ); // prettier-ignore
  });

  it('takes time linear in the text where backtracking would take for ever', () => {
    for (const pattern of ['^(a+)+$', '(a|aa)+$', '(.*a){12}$', '(x+x+)+y']) {
      const compiled = compilePattern(pattern);
      expect(compiled.ok).toBe(true);
      if (!compiled.ok) continue;
      // A backtracking engine needs 2^n steps for these; 20,000 characters would outlive the machine.
      expect(compiled.value.test(`${'a'.repeat(10_000)}${'x'.repeat(10_000)}!`)).toBe(false);
    }
  });
});
