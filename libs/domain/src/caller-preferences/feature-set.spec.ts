import fc from 'fast-check';
import { type FeatureSet, featureSetOf, featuresMatch, FILTERS_MAX } from './feature-set.js';

const set = (params: Readonly<Record<string, string>>): FeatureSet => featureSetOf(Object.entries(params));

describe('feature parameters', () => {
  it('are those of the base set and those with a plus, by their tags (RFC 3841 §8)', () => {
    const params = {
      audio: '',
      language: 'en,de',
      '+sip.message': 'TRUE',
      "+org!a'b": 'x',
      'reg-id': '1',
      q: '0.5',
    };
    expect(set(params).map(({ tag }) => tag)).toEqual(['sip.audio', 'language', 'sip.message', 'org:a/b']);
  });

  it('say one thing of a tag: what comes later, or with a plus as well, is not taken (RFC 3841 §7.2.3)', () => {
    const twice = featureSetOf([
      ['video', ''],
      ['+video', 'FALSE'],
      ['video', 'FALSE'],
    ]);
    expect(twice).toEqual([
      { tag: 'sip.video', filters: [{ kind: 'token', text: 'true', isNegated: false }] },
    ]);
  });

  it(`have at most ${FILTERS_MAX} values that are looked at`, () => {
    const many = Array.from({ length: 1_000 }, (_none, at) => `m${at}`).join(',');
    expect(set({ methods: many })[0]!.filters).toHaveLength(FILTERS_MAX);
  });
});

describe('of what a device says and what is wanted', () => {
  it.each([
    // RFC 3840 §9: a disjunction of values each.
    [{ methods: 'INVITE, BYE' }, { methods: 'bye' }, true],
    [{ methods: 'INVITE,OPTIONS' }, { methods: 'BYE' }, false],
    [{ audio: '' }, { audio: 'TRUE' }, true],
    [{ audio: 'FALSE' }, { audio: '' }, false],
    // What is not said stands in nobody's way.
    [{ audio: '' }, { video: '' }, true],
    [{ audio: '' }, { audio: '', video: '' }, true],
    [{ audio: '', video: 'FALSE' }, { audio: '', video: '' }, false],
    // Negated values.
    [{ events: '!presence,message-summary' }, { events: 'presence' }, false],
    [{ events: '!presence,message-summary' }, { events: 'dialog' }, true],
    [{ mobility: '!fixed' }, { mobility: '!mobile' }, true],
    [{ mobility: 'fixed' }, { mobility: '!fixed' }, false],
    // Strings by case, tokens without; a string is no token.
    [{ description: '<PC>' }, { description: '<PC>' }, true],
    [{ description: '<PC>' }, { description: '<pc>' }, false],
    [{ description: '<PC>' }, { description: 'PC' }, false],
    [{ description: '<PC, large>' }, { description: '<PC, large>' }, true],
    // Numbers.
    [{ '+rate': '#=4' }, { '+rate': '#>=4' }, true],
    [{ '+rate': '#=3' }, { '+rate': '#>=4' }, false],
    [{ '+rate': '#-4:+5.125' }, { '+rate': '#<=-4' }, true],
    [{ '+rate': '#-4:+5.125' }, { '+rate': '#5.2:6' }, false],
    [{ '+rate': '#=4' }, { '+rate': '!#3:5' }, false],
    [{ '+rate': '#4:9' }, { '+rate': '!#3:5' }, true],
    [{ '+rate': '#=4' }, { '+rate': '4' }, false],
    [{ '+rate': '#oops' }, { '+rate': '#oops' }, true],
    // TS 24.229: percent signs are part of the token.
    [
      { '+g.3gpp.icsi-ref': 'urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel,urn%3Aurn-7%3Ax' },
      { '+g.3gpp.icsi-ref': 'urn%3aurn-7%3a3gpp-service.ims.icsi.mmtel' },
      true,
    ],
  ] as const)('%j and %j: %s', (device, wanted, expected) => {
    expect(featuresMatch(set(device), set(wanted))).toBe(expected);
    expect(featuresMatch(set(wanted), set(device))).toBe(expected);
  });

  it('takes any text, and it makes no difference who is asked first', () => {
    const params = fc.array(fc.tuple(fc.constantFrom('audio', 'methods', '+x', 'q'), fc.string()), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(params, params, (a, b) => {
        const [one, other] = [featureSetOf(a), featureSetOf(b)];
        expect(featuresMatch(one, other)).toBe(featuresMatch(other, one));
      }),
    );
  });
});
