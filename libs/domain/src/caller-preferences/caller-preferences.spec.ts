import fc from 'fast-check';
import {
  type CallerPreferences,
  impliedPreferences,
  inOrderOfPreference,
  preferenceFor,
} from './caller-preferences.js';
import { type FeatureSet, featureSetOf } from './feature-set.js';

type Params = Readonly<Record<string, string>>;
const features = (params: Params): FeatureSet => featureSetOf(Object.entries(params));
const contact = (name: string, q: number, params: Params = {}) => ({ name, q, features: features(params) });
const accept = (params: Params, ...flags: readonly ('require' | 'explicit')[]) => ({
  features: features(params),
  isRequired: flags.includes('require'),
  isExplicit: flags.includes('explicit'),
});
const wanting = (parts: Partial<CallerPreferences>): CallerPreferences => ({
  accept: [],
  reject: [],
  isImplicit: false,
  ...parts,
});

/** given contacts, when the caller prefers, then these in this order. */
const given = (...contacts: readonly ReturnType<typeof contact>[]) => ({
  when: (preferences: CallerPreferences) => ({
    then: (...names: readonly string[]) =>
      expect(inOrderOfPreference(contacts, preferences).map(({ name }) => name)).toEqual(names),
  }),
});

describe('the example of RFC 3841 §7.2.5', () => {
  const five = [
    contact('u1', 0.2, { audio: '', video: '', methods: 'INVITE,BYE' }),
    contact('u2', 0.2, { audio: 'FALSE', methods: 'INVITE', actor: 'msg-taker' }),
    contact('u3', 0.3, { audio: '', actor: 'msg-taker', methods: 'INVITE', video: '' }),
    contact('u4', 0.2, { audio: '', methods: 'INVITE,OPTIONS' }),
    contact('u5', 0.5),
  ];
  const preferences = wanting({
    reject: [features({ actor: 'msg-taker', video: '' })],
    accept: [
      accept({ audio: '' }, 'require'),
      accept({ video: '' }, 'explicit'),
      accept({ methods: 'BYE', class: 'business' }),
    ],
  });

  it('gives the order that it says', () =>
    given(...five)
      .when(preferences)
      .then('u5', 'u1', 'u4'));

  it('gives the preferences that it says', () => {
    expect(five.map(({ features: of }) => preferenceFor(of, preferences))).toEqual([
      2.5 / 3,
      undefined,
      undefined,
      0.5,
      1,
    ]);
  });
});

describe('Accept-Contact', () => {
  const phone = contact('phone', 1, { audio: '' });
  const screen = contact('screen', 1, { audio: '', video: '' });
  const mute = contact('mute', 1, { audio: 'FALSE' });
  const plain = contact('plain', 1);

  it('alone only orders: who matches better is first', () =>
    given(phone, mute, screen)
      .when(wanting({ accept: [accept({ audio: '', video: '' })] }))
      .then('screen', 'phone', 'mute'));

  it('with require leaves out who does not match, not who says nothing of it', () =>
    given(phone, mute, screen)
      .when(wanting({ accept: [accept({ audio: '', video: '' }, 'require')] }))
      .then('screen', 'phone'));

  it('with explicit and require leaves out who does not say so', () =>
    given(phone, mute, screen)
      .when(wanting({ accept: [accept({ audio: '', video: '' }, 'require', 'explicit')] }))
      .then('screen'));

  it('with explicit alone gives who does not say so nothing for it', () =>
    given(phone, screen)
      .when(wanting({ accept: [accept({ audio: '' }), accept({ audio: '', video: '' }, 'explicit')] }))
      .then('screen', 'phone'));

  it('never touches a device that says nothing of itself', () =>
    given(phone, plain)
      .when(wanting({ accept: [accept({ video: '' }, 'require', 'explicit')] }))
      .then('plain'));

  it('never comes before what the callee says by q', () =>
    given(contact('liked', 1, { audio: '' }), contact('wanted', 0.5, { audio: '', video: '' }))
      .when(wanting({ accept: [accept({ video: '' })] }))
      .then('liked', 'wanted'));

  it('may leave nobody', () =>
    given(phone, mute)
      .when(wanting({ accept: [accept({ video: '' }, 'require', 'explicit')] }))
      .then());

  it('without a feature wants everybody alike', () =>
    given(phone, plain, mute)
      .when(wanting({ accept: [accept({}, 'require', 'explicit')] }))
      .then('phone', 'plain', 'mute'));
});

describe('Reject-Contact', () => {
  it('takes out who says all of it of itself, and nobody else', () =>
    given(
      contact('recorder', 1, { actor: 'msg-taker', video: '' }),
      contact('half', 1, { actor: 'msg-taker' }),
      contact('other', 1, { actor: 'principal', video: '' }),
    )
      .when(wanting({ reject: [features({ actor: 'msg-taker', video: '' })] }))
      .then('half', 'other'));

  it('of nothing rejects nobody', () =>
    given(contact('a', 1, { audio: '' }))
      .when(wanting({ reject: [[]] }))
      .then('a'));
});

describe('what a request implies (RFC 3841 §7.2.2)', () => {
  const calls = contact('calls', 1, { methods: 'INVITE,ACK,BYE' });
  const writes = contact('writes', 1, { methods: 'MESSAGE' });

  it('is that its method is known', () =>
    given(calls, writes).when(impliedPreferences('MESSAGE')).then('writes'));

  it('is that its event package is known', () =>
    given(contact('presence', 1, { events: 'presence' }), contact('dialog', 1, { events: 'dialog' }))
      .when(impliedPreferences('SUBSCRIBE', 'dialog'))
      .then('dialog'));

  it('takes nobody away where nobody would be left: they say themselves what they do not know', () =>
    given(contact('low', 0.1, { methods: 'INVITE' }), calls)
      .when(impliedPreferences('PUBLISH'))
      .then('calls', 'low'));
});

it('never invents a device, never names one twice, and keeps to q', () => {
  const params = fc.dictionary(
    fc.constantFrom('audio', 'video', 'methods', '+x'),
    fc.constantFrom('', 'TRUE', 'FALSE', '!a', 'a,b', '#1:3'),
  );
  const contacts = fc.array(fc.record({ q: fc.constantFrom(0, 0.5, 1), features: params.map(features) }));
  const preferences = fc.record({
    accept: fc.array(
      fc.record({ features: params.map(features), isRequired: fc.boolean(), isExplicit: fc.boolean() }),
    ),
    reject: fc.array(params.map(features)),
    isImplicit: fc.boolean(),
  });
  fc.assert(
    fc.property(contacts, preferences, (all, wanted) => {
      const ordered = inOrderOfPreference(all, wanted);
      expect(new Set(ordered).size).toBe(ordered.length);
      expect(ordered.every((one) => all.includes(one))).toBe(true);
      expect(ordered.map(({ q }) => q)).toEqual(ordered.map(({ q }) => q).toSorted((a, b) => b - a));
      for (const one of all) if (one.features.length === 0) expect(ordered).toContain(one);
    }),
  );
});
