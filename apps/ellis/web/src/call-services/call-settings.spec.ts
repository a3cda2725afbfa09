// Settings and simservs documents, both ways: whatever a document says besides, and as the router itself reads it.
import fc from 'fast-check';
import { chooseDiversion, judgeBarring, type RuleSubject } from '#libs/domain';
import { parseSimservs } from '#libs/homestead-client';
import { readSettings } from './read-settings.js';
import { type CallSettings, type Divert, DIVERT_OFF, NO_SETTINGS } from './settings.js';
import { sameSettings, storable, writeSettings } from './write-settings.js';

const URIS = [
  'sip:ann@ims.test',
  'sip:6505550101@ims.test',
  'tel:+15551234',
  'sip:o"k&c<o>@ims.test',
  'sip:vm@other.test',
];
const anyUri = fc.constantFrom(...URIS);
const anyDivert: fc.Arbitrary<Divert> = fc.oneof(
  fc.constant(DIVERT_OFF),
  fc.record({ on: fc.boolean(), to: anyUri }),
);
const anySettings: fc.Arbitrary<CallSettings> = fc.record({
  doNotDisturb: fc.boolean(),
  divert: fc.record({ always: anyDivert, busy: anyDivert, noAnswer: anyDivert, unreachable: anyDivert }),
  noAnswerAfterS: fc.integer({ min: 5, max: 180 }),
  hideNumber: fc.boolean(),
  barInternational: fc.boolean(),
  blockAnonymous: fc.boolean(),
  blocked: fc.uniqueArray(anyUri),
  allowed: fc.uniqueArray(anyUri),
}); // prettier-ignore

/** Documents as others write them: prefixes of their choice, rules that the page knows and such that it does not. */
const anyDocument = fc
  .record({
    ss: fc.constantFrom('', 's:'),
    cp: fc.constantFrom('cp:', 'p:'),
    active: fc.constantFrom('', ' active="true"', ' active="false"', " active = '0'"),
    diverts: fc.array(fc.constantFrom('always', 'busy', 'no-answer', 'not-registered', 'not-reachable', 'video', 'off', 'nowhere'), { maxLength: 5 }),
    barrings: fc.array(fc.constantFrom('open', 'all', 'anonymous', 'list', 'friends', 'roaming', 'many'), { maxLength: 5 }),
    outgoing: fc.array(fc.constantFrom('open', 'international', 'abroad', 'roaming'), { maxLength: 3 }),
    parts: fc.subarray(['oip', 'oir', 'oir-empty', 'diversion', 'diversion-empty', 'icb', 'ocb', 'waiting', 'extensions']),
    emptySet: fc.boolean(),
  })
  .map(({ ss, cp, active, diverts, barrings, outgoing, parts, emptySet }) => {
    let id = 0;
    const tag = (name: string, inner: string, attributes = '') =>
      inner === '' ? `<${ss}${name}${attributes} />` : `<${ss}${name}${attributes}>${inner}</${ss}${name}>`;
    const rule = (conditions: string, actions: string) =>
      `<!-- kept ${++id} --><${cp}rule id="r${id}"><${cp}conditions>${conditions}</${cp}conditions><${cp}actions>${actions}</${cp}actions></${cp}rule>`;
    const forward = (to = URIS[id % 3]!) => tag('forward-to', `${tag('target', ` ${to} `)}${tag('notify-caller', 'false')}`);
    const divert: Record<string, () => string> = {
      always: () => rule('', forward()),
      video: () => rule(`${tag('busy', '')}<${ss}media>video</${ss}media>`, forward('sip:keep-video@ims.test')),
      off: () => rule(`${tag('busy', '')}${tag('rule-deactivated', '')}`, forward()),
      nowhere: () => rule(tag('busy', ''), tag('forward-to', '<x:keep xmlns:x="urn:x"/>')),
    };
    const allow = (yes: boolean) => tag('allow', String(yes));
    const one = (uri: string) => `<${cp}one id="${uri}"/>`;
    const barring: Record<string, () => string> = {
      open: () => `<${cp}rule id="open${++id}"><${cp}actions>${allow(true)}</${cp}actions></${cp}rule>`,
      all: () => rule('', allow(false)),
      anonymous: () => rule(tag('anonymous', ''), allow(false)),
      list: () => rule(`<${cp}identity>${one(URIS[0]!)}${one(URIS[1]!)}</${cp}identity>`, allow(false)),
      friends: () => rule(`<${cp}identity>${one(URIS[2]!)}</${cp}identity>`, allow(true)),
      roaming: () => rule(`${tag('roaming', '')}<keep/>`.replace('<keep/>', ''), allow(false)),
      many: () => rule(`<${cp}identity><${cp}many domain="keep.test"/></${cp}identity>`, allow(false)),
      international: () => rule(tag('international', ''), allow(false)),
      abroad: () => rule(tag('international-exHC', ''), allow(false)),
    };
    const set = (rules: readonly string[], makers: Record<string, () => string>) =>
      rules.length === 0 ? (emptySet ? `<${cp}ruleset/>` : '')
        : `<${cp}ruleset>${rules.map((name) => (makers[name] ?? (() => rule(tag(name, ''), forward())))()).join('\n')}</${cp}ruleset>`;
    const has = (part: string, xml: string) => (parts.includes(part) ? xml : '');
    const inner = [
      has('oip', tag('originating-identity-presentation', '', active)),
      parts.includes('oir') ? tag('originating-identity-presentation-restriction', tag('default-behaviour', id % 2 ? 'presentation-restricted' : 'presentation-not-restricted'), active)
        : has('oir-empty', tag('originating-identity-presentation-restriction', '', active)),
      parts.includes('diversion') ? tag('communication-diversion', `${id % 2 ? tag('NoReplyTimer', '33') : ''}${set(diverts, divert)}`, active)
        : has('diversion-empty', tag('communication-diversion', '', active)),
      has('icb', tag('incoming-communication-barring', set(barrings, barring), active)),
      has('ocb', tag('outgoing-communication-barring', set(outgoing, barring), active)),
      has('waiting', tag('communication-waiting', '', ' active="1" x:keep="1" xmlns:x="urn:x"')),
      has('extensions', tag('extensions', '<y:keep xmlns:y="urn:y">text &amp; more</y:keep>')),
    ].join('\n  ');
    const [ssDeclared, cpDeclared] = [ss === '' ? 'xmlns' : 'xmlns:s', `xmlns:${cp.slice(0, -1)}`];
    return `<?xml version="1.0"?>\n<${ss}simservs ${ssDeclared}="http://uri.etsi.org/ngn/params/xml/simservs/xcap" ${cpDeclared}="urn:ietf:params:xml:ns:common-policy">${inner}</${ss}simservs>\n`;
  }); // prettier-ignore

const anyBefore = fc.option(anyDocument, { nil: undefined });
const written = (before: string | undefined, settings: CallSettings): string => {
  const made = writeSettings(before, settings);
  if (!made.ok) throw new Error(`${made.reason} in ${before ?? 'nothing'}`);
  return made.xml;
};
const readBack = (xml: string | undefined): CallSettings => {
  const read = readSettings(xml);
  if (!read.ok) throw new Error(read.reason);
  return read.settings;
};

it('reads what it wrote, into whatever document', () => {
  fc.assert(
    fc.property(anyBefore, anySettings, (before, settings) => {
      expect(readBack(written(before, settings))).toEqual(storable(settings));
    }),
    { numRuns: 300 },
  );
});

it('leaves a document as it is when nothing changes', () => {
  fc.assert(fc.property(anyDocument, (before) => expect(written(before, readBack(before))).toBe(before)));
});

it('keeps every part that it does not know', () => {
  fc.assert(
    fc.property(anyDocument, anySettings, (before, settings) => {
      const after = written(before, settings);
      for (const [kept] of before.matchAll(/<!-- kept \d+ -->|<y:keep.*?<\/y:keep>|x:keep="1"|keep-video@ims.test|keep.test/g))
        expect(after).toContain(kept);
    }),
  ); // prettier-ignore
});

it('comes back to where it was when a switch is turned on and off', () => {
  fc.assert(
    fc.property(anyDocument, anySettings, (before, settings) => {
      const there = written(before, settings);
      expect(sameSettings(readBack(written(there, readBack(before))), storable(readBack(before)))).toBe(true);
    }),
  );
});

describe('as the router reads it', () => {
  const routed = (xml: string) => {
    const parsed = parseSimservs(xml);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.value;
  };
  const call = (party: string | undefined, more: Partial<RuleSubject> = {}): RuleSubject => ({
    nowMs: 0,
    outcome: undefined,
    parties: () => (party === undefined ? [] : [party]),
    anonymous: () => party === undefined,
    media: () => ['audio'],
    diverted: () => false,
    international: () => false,
    roaming: () => false,
    ...more,
  });
  const services = (settings: CallSettings) => {
    const parsed = parseSimservs(written(undefined, settings));
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.value.problems).toEqual([]);
    return parsed.value;
  };

  it('lets in and bars whom the settings say', () => {
    fc.assert(
      fc.property(anySettings, fc.option(anyUri, { nil: undefined }), (settings, caller) => {
        const { doNotDisturb, blocked, allowed, blockAnonymous } = settings;
        const listed = (list: readonly string[]) => caller !== undefined && list.includes(caller);
        const isBarred =
          !listed(allowed) && (doNotDisturb || listed(blocked) || (blockAnonymous && caller === undefined));
        expect(judgeBarring(services(settings).incomingBarring, call(caller)).barred).toBe(isBarred);
      }),
    );
  });

  it('diverts when and where the settings say', () => {
    const outcomes = [undefined, 'busy', 'no-answer', 'not-registered', 'not-reachable'] as const;
    fc.assert(
      fc.property(anySettings, fc.constantFrom(...outcomes), (settings, outcome) => {
        const { always, busy, noAnswer, unreachable } = settings.divert;
        const by = {
          busy,
          'no-answer': noAnswer,
          'not-registered': unreachable,
          'not-reachable': unreachable,
        };
        const wanted = outcome === undefined ? always : by[outcome];
        const { communicationDiversion } = services(settings);
        const choice = chooseDiversion(communicationDiversion, call(URIS[0], { outcome }));
        expect(choice?.forwardTo.target).toBe(wanted.on && wanted.to !== '' ? wanted.to : undefined);
      }),
    );
  });

  it('lets nothing begin that did not act before', () => {
    const stranger = call('sip:x@keep.test', {
      roaming: () => true,
      media: () => ['video'],
      outcome: 'busy',
    });
    fc.assert(
      fc.property(anyDocument, anySettings, (before, settings) => {
        const [was, is] = [routed(before), routed(written(before, settings))];
        const barred = (services: typeof is) => judgeBarring(services.incomingBarring, stranger).barred;
        if (!settings.doNotDisturb && barred(is)) expect(barred(was)).toBe(true);
        const roams = (services: typeof is) => judgeBarring(services.outgoingBarring, stranger).barred;
        if (roams(is)) expect(roams(was)).toBe(true);
        const target = chooseDiversion(is.communicationDiversion, stranger)?.forwardTo.target;
        if (was.communicationDiversion?.active === false) expect(target).not.toBe('sip:keep-video@ims.test');
      }),
      { numRuns: 300 },
    );
  });

  it('hides the number, bars other countries and waits as long as the settings say', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const { originatingIdentityRestriction, outgoingBarring, communicationDiversion } = services(settings);
        const restricted = originatingIdentityRestriction?.active === true && originatingIdentityRestriction.restricted;
        expect(restricted).toBe(settings.hideNumber);
        expect(judgeBarring(outgoingBarring, call(URIS[0], { international: () => true })).barred).toBe(settings.barInternational);
        expect(judgeBarring(outgoingBarring, call(URIS[0])).barred).toBe(false);
        expect(communicationDiversion?.noReplyTimerS ?? 20).toBe(settings.noAnswerAfterS);
      }),
    ); // prettier-ignore
  });
});

it('opens what Ellis gives a new line, where one rule lets everybody in', () => {
  const given = `<?xml version="1.0" encoding="UTF-8"?><simservs xmlns="http://uri.etsi.org/ngn/params/xml/simservs/xcap" xmlns:cp="urn:ietf:params:xml:ns:common-policy"><originating-identity-presentation active="true"/><originating-identity-presentation-restriction active="true"><default-behaviour>presentation-not-restricted</default-behaviour></originating-identity-presentation-restriction><communication-diversion active="true"><NoReplyTimer>30</NoReplyTimer></communication-diversion><incoming-communication-barring active="true"><cp:ruleset><cp:rule id="rule0"><cp:conditions/><cp:actions><allow>true</allow></cp:actions></cp:rule></cp:ruleset></incoming-communication-barring></simservs>`;
  expect(readBack(given)).toEqual({ ...NO_SETTINGS, noAnswerAfterS: 30 });
  const quiet = written(given, { ...readBack(given), doNotDisturb: true });
  expect(quiet).not.toContain('rule0');
  expect(readBack(quiet).doNotDisturb).toBe(true);
});

it.each([
  ['a document type', '<!DOCTYPE simservs><simservs/>'],
  ['another document', '<resource-lists/>'],
  ['half of one', '<simservs>'],
])('refuses %s', (_what, xml) => {
  expect(readSettings(xml).ok).toBe(false);
  expect(writeSettings(xml, NO_SETTINGS).ok).toBe(false);
});
