// Privacy and barring as the router sees them: given a user's document, when a request comes, then this is left of it.
import { firstHeader, headerLines } from '#libs/testkit';
import { ALICE, BOB, createStage, originating, terminating, type Invitation, type StageOptions } from './chain-stage.fixture.js'; // prettier-ignore

type Stage = Awaited<ReturnType<typeof createStage>>;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
const called = async (options: StageOptions, call: Invitation = {}): Promise<Stage> => {
  const stage = await createStage(options);
  closers.push(stage.close);
  await stage.invite(call);
  return stage;
};
const PAI = [`P-Asserted-Identity: <${ALICE}>`, 'P-Asserted-Identity: <tel:+12125550123>'];
const TELLING = [
  'Subject: lunch', 'Call-Info: <http://alice.test/photo>', 'Organization: Alice', 'User-Agent: Alice phone',
  'Reply-To: <sip:alice@ims.test>', 'In-Reply-To: x@alice', 'Server: Alice',
]; // prettier-ignore

describe('the caller', () => {
  const oir = (behaviour: string): string =>
    `<originating-identity-presentation-restriction><default-behaviour>${behaviour}</default-behaviour></originating-identity-presentation-restriction>`;
  const served = originating();

  it('who restricts its identity is anonymous from its own server on; the network still knows it', async () => {
    const { leg } = await called({ simservs: oir('presentation-restricted') }, { served, headers: [...PAI, ...TELLING] });
    expect(headerLines(leg(), 'Privacy')).toEqual(['id;header;user']);
    expect(firstHeader(leg(), 'From')).toBe('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a1');
    expect(headerLines(leg(), 'P-Asserted-Identity')).toHaveLength(2);
    for (const name of ['Subject', 'Call-Info', 'Organization', 'User-Agent', 'Reply-To', 'In-Reply-To'])
      expect(headerLines(leg(), name)).toEqual([]);
  }); // prettier-ignore

  it('who says none is shown for this once', async () => {
    const { leg } = await called({ simservs: oir('presentation-restricted') }, { served, headers: ['Privacy: none', ...PAI] }); // prettier-ignore
    expect(headerLines(leg(), 'Privacy')).toEqual(['none']);
    expect(firstHeader(leg(), 'From')).toContain(ALICE);
  });

  it('who hides for this once is hidden in full', async () => {
    const { leg } = await called({ simservs: oir('presentation-not-restricted') }, { served, headers: ['Privacy: id'] }); // prettier-ignore
    expect(headerLines(leg(), 'Privacy')).toEqual(['id;user']);
    expect(firstHeader(leg(), 'From')).toContain('anonymous.invalid');
  });

  it('who has no such service is passed as it is', async () => {
    const { leg } = await called({ simservs: '' }, { served, headers: PAI });
    expect(headerLines(leg(), 'Privacy')).toEqual([]);
    expect(firstHeader(leg(), 'From')).toContain(ALICE);
  });

  it('sees its own From in the answers, and who answered unless that is private', async () => {
    const stage = await called({ simservs: oir('presentation-restricted') }, { served });
    await stage.answer(stage.leg(), 200, [`P-Asserted-Identity: <${BOB}>`]);
    expect(firstHeader(stage.lastTold(), 'From')).toBe(`"Alice" <${ALICE}>;tag=a1`);
    expect(headerLines(stage.lastTold(), 'P-Asserted-Identity')).toEqual([`<${BOB}>`]);
    const hidden = await called({ simservs: '' }, { served });
    await hidden.answer(hidden.leg(), 200, [`P-Asserted-Identity: <${BOB}>`, 'P-Asserted-Identity: <tel:+1>', 'Privacy: id']); // prettier-ignore
    expect(headerLines(hidden.lastTold(), 'P-Asserted-Identity')).toEqual([]);
    const without = await called(
      { simservs: '<terminating-identity-presentation active="false"/>' },
      { served },
    );
    await without.answer(without.leg(), 200, [`P-Asserted-Identity: <${BOB}>`]);
    expect(headerLines(without.lastTold(), 'P-Asserted-Identity')).toEqual([]);
  });
});

describe('what the callee sees of the caller', () => {
  const from = `"Alice" <${ALICE}>`;
  const seen = async (privacy: string, simservs = ''): Promise<string> =>
    (await called({ simservs }, { from, headers: [...PAI, ...TELLING, `Privacy: ${privacy}`] })).leg();

  it.each([
    ['none', true, true, []],
    ['id', true, false, []],
    ['header', true, false, ['Call-Info', 'Server', 'Organization']],
    ['user', false, false, ['Subject', 'Call-Info', 'Organization', 'User-Agent', 'Reply-To', 'In-Reply-To']],
    ['session', true, true, []],
  ] as const)('with Privacy: %s', async (privacy, fromShown, assertedShown, gone) => {
    const leg = await seen(privacy);
    expect(firstHeader(leg, 'From')?.includes(ALICE)).toBe(fromShown);
    expect(headerLines(leg, 'P-Asserted-Identity')).toHaveLength(assertedShown ? 2 : 0);
    for (const name of gone) expect(headerLines(leg, name)).toEqual([]);
  });

  it('is no trace of who wants none, in any header that this server may change', async () => {
    const leg = await seen('id;header;user');
    const kept = leg.split('\r\n').filter((line) => !/^(Via|P-Served-User|Call-ID):/i.test(line));
    expect(kept.join('\n')).not.toMatch(/alice|12125550123/i);
  });

  it('is nothing asserted where presentation is not the callee’s service', async () => {
    const leg = await seen('none', '<originating-identity-presentation active="false"/>');
    expect(headerLines(leg, 'P-Asserted-Identity')).toEqual([]);
  });

  it('is refused where session privacy is critical: 500', async () => {
    const stage = await called({ simservs: '' }, { headers: ['Privacy: session;critical'] });
    expect([stage.legs().length, stage.told()]).toEqual([0, [183, 500]]);
  });

  it('stays asserted, and private, where the call is diverted to', async () => {
    const simservs =
      '<communication-diversion><cp:ruleset><cp:rule id="r"><cp:conditions/><cp:actions><forward-to><target>sip:vm@ims.test</target></forward-to></cp:actions></cp:rule></cp:ruleset></communication-diversion>';
    const { leg } = await called({ simservs }, { headers: [...PAI, 'Privacy: id;user'] });
    expect(headerLines(leg(), 'P-Asserted-Identity')).toHaveLength(2);
    expect(headerLines(leg(), 'Privacy')).toEqual(['id;user']);
    expect(firstHeader(leg(), 'From')).toContain('anonymous.invalid');
  });
});

it('TIR: a callee who restricts its identity says so in its answers', async () => {
  const stage = await called({ simservs: '<terminating-identity-presentation-restriction/>' });
  await stage.answer(stage.leg(), 180, [`P-Asserted-Identity: <${BOB}>`]);
  expect(headerLines(stage.lastTold(), 'Privacy')).toEqual(['id']);
  expect(headerLines(stage.lastTold(), 'P-Asserted-Identity')).toEqual([`<${BOB}>`]);
});

describe('barring', () => {
  const rule = (conditions: string, allow = false): string =>
    `<cp:rule id="r"><cp:conditions>${conditions}</cp:conditions><cp:actions><allow>${allow}</allow></cp:actions></cp:rule>`;
  const outgoing = (...rules: readonly string[]): StageOptions => ({
    simservs: `<outgoing-communication-barring><cp:ruleset>${rules.join('')}</cp:ruleset></outgoing-communication-barring>`,
  });
  const incoming = (...rules: readonly string[]): StageOptions => ({
    simservs: `<incoming-communication-barring><cp:ruleset>${rules.join('')}</cp:ruleset></incoming-communication-barring>`,
  });
  const from = originating();
  const outcome = async (options: StageOptions, call: Invitation): Promise<readonly [number, readonly number[]]> => {
    const stage = await called(options, call);
    return [stage.legs(call.method).length, stage.told()];
  }; // prettier-ignore
  const PASSED = [1, []];
  const DECLINED = [0, [603]];
  const one = (id: string): string => `<cp:identity><cp:one id="${id}"/></cp:identity>`;

  it.each<readonly [string, StageOptions, Invitation, unknown]>([
    ['everything', outgoing(rule('')), { served: from }, DECLINED],
    ['everything, a MESSAGE too', outgoing(rule('')), { served: from, method: 'MESSAGE' }, DECLINED],
    ['everything but an emergency', outgoing(rule('')), { served: from, to: 'urn:service:sos.fire' }, PASSED],
    ['everything but one', outgoing(rule(''), rule(one(BOB), true)), { served: from }, PASSED],
    ['one', outgoing(rule(one(BOB))), { served: from }, DECLINED],
    ['abroad', outgoing(rule('<international/>')), { served: from, to: 'tel:+442071838750', headers: PAI }, DECLINED],
    ['abroad, within the country', outgoing(rule('<international/>')), { served: from, to: 'tel:+14155550123', headers: PAI }, PASSED],
    ['roaming', outgoing(rule('<roaming/>')), { served: from, headers: ['P-Visited-Network-ID: "other.test"'] }, DECLINED],
    ['roaming, at home', outgoing(rule('<roaming/>')), { served: from, headers: ['P-Visited-Network-ID: ims.test'] }, PASSED],
    ['what nobody knows', outgoing(rule('<cp:unheard-of/>')), { served: from }, PASSED],
    ['an inactive service', { simservs: '<outgoing-communication-barring active="false"><cp:ruleset/></outgoing-communication-barring>' }, { served: from }, PASSED],
    ['outgoing, of a callee', outgoing(rule('')), { served: terminating() }, PASSED],
    ['incoming, of a caller', incoming(rule('')), { served: from }, PASSED],
    ['everybody', incoming(rule('')), {}, DECLINED],
    ['a caller', incoming(rule(one('tel:+12125550123'))), { headers: PAI }, DECLINED],
    ['another caller', incoming(rule(one('tel:+12125550124'))), { headers: PAI }, PASSED],
    ['who is anonymous', incoming(rule('<anonymous/>')), { headers: [...PAI, 'Privacy: id'] }, [0, [433]]],
    ['who is anonymous by From', incoming(rule('<anonymous/>')), { from: '"Anonymous" <sip:anonymous@anonymous.invalid>' }, [0, [433]]],
    ['who is not', incoming(rule('<anonymous/>')), { headers: PAI }, PASSED],
    ['diverted calls', incoming(rule('<communication-diverted/>')), { headers: ['Diversion: <sip:x@ims.test>;reason=user-busy'] }, DECLINED],
  ])('%s', async (_name, options, call, expected) => {
    expect(await outcome(options, call)).toEqual(expected);
  }); // prettier-ignore

  it('of who diverts the call counts as outgoing (RFC 8498)', async () => {
    expect(await outcome(outgoing(rule('')), { served: `<${BOB}>;orig-cdiv` })).toEqual(DECLINED);
  });
});

it('answers 500 with Retry-After when it cannot tell what a user’s services are', async () => {
  const stage = await called({ broken: true });
  expect(stage.told()).toEqual([500]);
  expect(firstHeader(stage.lastTold(), 'Retry-After')).toMatch(/^\d+$/);
});

it('switches every service off for a document that it cannot read, and says so', async () => {
  const stage = await called({ simservs: '<outgoing-communication-barring>' });
  expect(stage.legs()).toHaveLength(1);
  expect(stage.faults).toEqual(['simservs-unusable']);
});

it('passes waiting and hold as they are', async () => {
  const headers = ['Alert-Info: <urn:alert:service:call-waiting>', 'Call-Info: <http://x.test>'];
  const { leg } = await called({ simservs: '<communication-waiting active="true"/>' }, { headers });
  expect(headerLines(leg(), 'Alert-Info')).toEqual(['<urn:alert:service:call-waiting>']);
  expect(leg()).toContain('m=audio 4000');
});

it('takes nothing that did not come by a filter criterion', async () => {
  const elsewhere = await called({}, { server: 'sip:other.test;lr' });
  expect(elsewhere.told()).toEqual([403]);
  const nobody = await called({}, { served: 'nobody' });
  expect(nobody.told()).toEqual([403]);
});
