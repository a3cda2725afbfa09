// simservs documents as they are written in the field, and documents that mean harm.
import fc from 'fast-check';
import { SERVICE_RULES_MAX, type RuleCondition, SIMSERVS_LENGTH_MAX } from '#libs/domain';
import { parseSimservs } from './simservs-xml.js';

const NAMESPACES =
  'xmlns="http://uri.etsi.org/ngn/params/xml/simservs/xcap" xmlns:cp="urn:ietf:params:xml:ns:common-policy"';
const document = (services: string): string => `<simservs ${NAMESPACES}>${services}</simservs>`;
const parse = (services: string) => {
  const parsed = parseSimservs(document(services));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
};
const rule = (conditions: string, actions = '<forward-to><target>sip:vm@ims.test</target></forward-to>', id = 'r1') =>
  `<cp:rule id="${id}"><cp:conditions>${conditions}</cp:conditions><cp:actions>${actions}</cp:actions></cp:rule>`; // prettier-ignore
const diversion = (rules: string): string =>
  `<communication-diversion active="true"><NoReplyTimer>30</NoReplyTimer><cp:ruleset>${rules}</cp:ruleset></communication-diversion>`;
const conditionsOf = (conditions: string): readonly RuleCondition[] | undefined =>
  parse(diversion(rule(conditions))).communicationDiversion?.rules[0]?.conditions;

it('reads the sample of the field', () => {
  const sample = `<originating-identity-presentation active="true"/>
    <originating-identity-presentation-restriction active="true">
      <default-behaviour>presentation-restricted</default-behaviour>
    </originating-identity-presentation-restriction>
    ${diversion(rule('<busy/>'))}`;
  expect(parse(sample)).toEqual({
    originatingIdentityPresentation: true,
    originatingIdentityRestriction: { active: true, restricted: true },
    communicationDiversion: {
      active: true,
      noReplyTimerS: 30,
      rules: [
        {
          id: 'r1',
          conditions: [{ kind: 'busy' }],
          action: { target: 'sip:vm@ims.test', notifyCaller: true, revealToTarget: true },
        },
      ],
    },
    problems: [],
  });
});

it('takes a service without active as active, and rules without a ruleset', () => {
  const barring = `<incoming-communication-barring>${rule('', '<allow>false</allow>')}</incoming-communication-barring>
    <outgoing-communication-barring active="false"/><communication-waiting active="0"/>
    <terminating-identity-presentation active=" false "/><terminating-identity-presentation-restriction/>`;
  expect(parse(barring)).toEqual({
    incomingBarring: { active: true, rules: [{ id: 'r1', conditions: [], action: { allow: false } }] },
    outgoingBarring: { active: false, rules: [] },
    communicationWaiting: false,
    terminatingIdentityPresentation: false,
    terminatingIdentityRestriction: { active: true, restricted: true },
    problems: [],
  });
});

it.each<readonly [string, readonly RuleCondition[]]>([
  ['<busy/><cp:unheard-of/>', [{ kind: 'busy' }, { kind: 'unknown', name: 'unheard-of' }]],
  ['<no-answer/><not-registered/><not-reachable/>', [{ kind: 'no-answer' }, { kind: 'not-registered' }, { kind: 'not-reachable' }]],
  ['<media>Audio</media><media>video</media>', [{ kind: 'media', media: 'audio' }, { kind: 'media', media: 'video' }]],
  ['<international/><international-exHC/><roaming/>', [{ kind: 'international' }, { kind: 'international-exhc' }, { kind: 'roaming' }]],
  ['<rule-deactivated/><anonymous/>', [{ kind: 'rule-deactivated' }, { kind: 'anonymous' }]],
  ['<cp:sphere value="work"/>', [{ kind: 'unknown', name: 'sphere' }]],
  [
    '<cp:identity><cp:one id="tel:+15551234"/><cp:many domain="a.test"><cp:except id="sip:x@a.test"/></cp:many><cp:many/></cp:identity>',
    [{
      kind: 'identity',
      ones: ['tel:+15551234'],
      many: [
        { domain: 'a.test', exceptIdentities: ['sip:x@a.test'], exceptDomains: [] },
        { exceptIdentities: [], exceptDomains: [] },
      ],
    }],
  ],
  ['<cp:identity><cp:some/></cp:identity>', [{ kind: 'unknown', name: 'identity' }]],
  [
    '<cp:validity><cp:from>2026-01-01T00:00:00Z</cp:from><cp:until>2026-01-01T02:00:00+01:00</cp:until></cp:validity>',
    [{ kind: 'validity', spans: [{ fromMs: 1767225600000, untilMs: 1767229200000 }] }],
  ],
  ['<cp:validity><cp:from>2026-01-01T00:00:00</cp:from><cp:until>2027-01-01T00:00:00Z</cp:until></cp:validity>', [{ kind: 'unknown', name: 'validity' }]],
])('reads the conditions %s', (xml, conditions) => {
  expect(conditionsOf(xml)).toEqual(conditions);
}); // prettier-ignore

it('leaves out a diversion that leads nowhere, and says so', () => {
  const { communicationDiversion, problems } = parse(diversion(rule('', '<forward-to/>')));
  expect(communicationDiversion?.rules).toEqual([]);
  expect(problems).toEqual(['communication-diversion r1: nowhere to forward to']);
});

it.each([
  ['20', 20], ['5', 5], ['4', 5], ['181', 180], ['1000000', 180], ['', 20], ['-1', 20], ['soon', 20],
])('waits %s s for an answer as %d', (text, seconds) => {
  const xml = `<communication-diversion><NoReplyTimer>${text}</NoReplyTimer></communication-diversion>`;
  expect(parse(xml).communicationDiversion?.noReplyTimerS).toBe(seconds);
}); // prettier-ignore

describe('a document that means harm is refused', () => {
  const refused = (xml: string): string => {
    const parsed = parseSimservs(xml);
    return parsed.ok ? 'taken' : parsed.reason;
  };

  it.each([
    ['not XML', 'x', 'an element is expected'],
    ['another document', '<x/>', 'no simservs'],
    ['a document type', '<!DOCTYPE simservs [<!ENTITY a "b">]><simservs/>', 'document type'],
    ['an entity of its own', document('<a b="&c;"/>'), 'means nothing'],
    ['length', document(' '.repeat(SIMSERVS_LENGTH_MAX)), 'longer than'],
    ['many rules', document(diversion(rule('<busy/>').repeat(SERVICE_RULES_MAX + 1))), 'rules for'],
    ['many conditions', document(diversion(rule('<busy/>'.repeat(65)))), 'conditions in a rule'],
    ['many identities', document(diversion(rule(`<cp:identity>${'<cp:one id="sip:a"/>'.repeat(501)}</cp:identity>`))), 'identities'],
  ])('%s', (_name, xml, reason) => {
    expect(refused(xml)).toContain(reason);
  }); // prettier-ignore

  it('and no text makes it throw', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('<', '>', '/', 'simservs', 'cp:rule', 'communication-diversion', ' id="', '"', 'busy', '&', ']]>', 'cp:identity', 'cp:conditions')), (pieces) => {
        parseSimservs(document(pieces.join('')));
      }),
    ); // prettier-ignore
  });
});
