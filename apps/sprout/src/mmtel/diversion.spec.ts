// Diversion as the router sees it: given a user's document, when this becomes of the call, then it comes back into the chain
// for somebody else, with its trail, and the caller is told.
import { firstHeader, headerLines } from '#libs/testkit';
import { ALICE, BOB, createStage, originating, type Invitation } from './chain-stage.fixture.js';

const rule = (conditions: string, target = 'sip:vm@ims.test', more = '') =>
  `<cp:rule id="r"><cp:conditions>${conditions}</cp:conditions><cp:actions><forward-to><target>${target}</target>${more}</forward-to></cp:actions></cp:rule>`;
const diversion = (...rules: readonly string[]): string =>
  `<communication-diversion active="true"><NoReplyTimer>10</NoReplyTimer><cp:ruleset>${rules.join('')}</cp:ruleset></communication-diversion>`;

type Stage = Awaited<ReturnType<typeof createStage>>;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
const given = async (simservs: string): Promise<Stage> => {
  const stage = await createStage({ simservs });
  closers.push(stage.close);
  return stage;
};
const called = async (simservs: string, call: Invitation = {}): Promise<Stage> => {
  const stage = await given(simservs);
  await stage.invite(call);
  return stage;
};
const uriOf = (request: string): string | undefined => request.split(' ', 2)[1];

it('gives the call back into its chain when nothing diverts it', async () => {
  const stage = await called(diversion(rule('<busy/>')));
  expect(uriOf(stage.leg())).toBe(BOB);
  expect(headerLines(stage.leg(), 'Route')).toEqual(['<sip:odi_0123456789@10.9.0.2:5054;transport=tcp;lr;service=scscf>']); // prettier-ignore
  await stage.answer(stage.leg(), 180);
  await stage.answer(stage.leg(), 200);
  expect(stage.told()).toEqual([180, 200]);
});

it('diverts unconditionally, before the callee is rung', async () => {
  const stage = await called(diversion(rule('')));
  expect(stage.legs().map(uriOf)).toEqual(['sip:vm@ims.test;cause=302']);
  expect(stage.told()).toEqual([181]);
  const data = { role: 'terminating', served: BOB, service: 'diversion', rule: 'r', why: 'unconditional', target: 'sip:vm@ims.test;cause=302' }; // prettier-ignore
  expect(stage.noted).toEqual([{ type: 'ServiceApplied', data }]);
  expect(firstHeader(stage.leg(), 'History-Info')).toBe(
    '<sip:bob@ims.test>;index=1, <sip:vm@ims.test;cause=302>;index=1.1;mp=1',
  );
  expect(firstHeader(stage.leg(), 'Diversion')).toBe('<sip:bob@ims.test>;reason=unconditional;counter=1');
  expect(headerLines(stage.leg(), 'Route')).toHaveLength(1);
  await stage.answer(stage.leg(), 200);
  expect(stage.told()).toEqual([181, 200]);
});

it.each([
  ['busy', '<busy/>', [486], 'cause=486', 'user-busy'],
  ['not registered', '<not-registered/>', [480], 'cause=404', 'unavailable'],
  ['unknown', '<not-registered/>', [404], 'cause=404', 'unavailable'],
  ['not reachable', '<not-reachable/>', [408], 'cause=503', 'unavailable'],
  ['broken', '<not-reachable/>', [500], 'cause=503', 'unavailable'],
  ['silent after ringing', '<no-answer/>', [180, 408], 'cause=408', 'no-answer'],
] as const)('diverts when the callee is %s', async (_name, condition, answers, cause, reason) => {
  const stage = await called(diversion(rule(condition)));
  for (const status of answers) await stage.answer(stage.leg(0), status);
  expect(stage.legs().map(uriOf)).toEqual([BOB, `sip:vm@ims.test;${cause}`]);
  expect(firstHeader(stage.leg(), 'Diversion')).toContain(`reason=${reason};`);
  await stage.answer(stage.leg(), 200);
  expect(stage.told().at(-1)).toBe(200);
});

it.each([
  ['another outcome', '<busy/>', [408]],
  ['a refusal', '<busy/><not-registered/>', [603]],
  ['a fault after ringing', '<not-reachable/>', [180, 500]],
  ['a rule that is switched off', '<busy/><rule-deactivated/>', [486]],
  ['a condition that nobody knows', '<busy/><cp:unheard-of/>', [486]],
  ['media that were not offered', '<busy/><media>video</media>', [486]],
  ['another caller', '<busy/><cp:identity><cp:one id="sip:carol@ims.test"/></cp:identity>', [486]],
  ['a caller who is not anonymous', '<busy/><anonymous/>', [486]],
  ['another time', '<busy/><cp:validity><cp:from>2027-01-01T00:00:00Z</cp:from><cp:until>2028-01-01T00:00:00Z</cp:until></cp:validity>', [486]],
])('does not divert for %s', async (_name, condition, answers) => {
  const stage = await called(diversion(rule(condition)), { headers: [`P-Asserted-Identity: <${ALICE}>`] });
  for (const status of answers) await stage.answer(stage.leg(0), status);
  expect(stage.legs()).toHaveLength(1);
  expect(stage.told().at(-1)).toBe(answers.at(-1));
}); // prettier-ignore

it('diverts where all conditions of a rule hold', async () => {
  const conditions =
    '<busy/><media>audio</media><anonymous/><cp:identity><cp:one id="sip:alice@ims.test"/></cp:identity>' +
    '<cp:validity><cp:from>2026-01-01T00:00:00Z</cp:from><cp:until>2027-01-01T00:00:00Z</cp:until></cp:validity>';
  const headers = [`P-Asserted-Identity: <${ALICE}>`, 'Privacy: id'];
  const stage = await called(diversion(rule(conditions)), { headers });
  await stage.answer(stage.leg(), 486);
  expect(stage.legs().map(uriOf)).toEqual([BOB, 'sip:vm@ims.test;cause=486']);
});

describe('no answer', () => {
  it('diverts after NoReplyTimer from the first 180, and cancels the ringing', async () => {
    const stage = await called(diversion(rule('<no-answer/>')));
    await stage.after(60_000);
    await stage.answer(stage.leg(), 180);
    await stage.after(9_000);
    await stage.answer(stage.leg(), 180);
    await stage.after(999);
    expect(stage.legs()).toHaveLength(1);
    await stage.after(1);
    expect(stage.legs().map(uriOf)).toEqual([BOB, 'sip:vm@ims.test;cause=408']);
    expect(stage.legs('CANCEL').map(uriOf)).toEqual([BOB]);
    // What comes of the ringing that was given up is not told.
    await stage.answer(stage.leg(0), 487);
    await stage.answer(stage.leg(), 200);
    expect(stage.told()).toEqual([180, 180, 181, 200]);
  });

  it('does not divert after an answer, after a CANCEL, or without a rule for it', async () => {
    const answered = await called(diversion(rule('<no-answer/>')));
    await answered.answer(answered.leg(), 180);
    await answered.answer(answered.leg(), 200);
    const cancelled = await called(diversion(rule('<no-answer/>')));
    await cancelled.answer(cancelled.leg(), 180);
    await cancelled.cancel();
    await cancelled.answer(cancelled.leg(), 487);
    const other = await called(diversion(rule('<busy/>')));
    await other.answer(other.leg(), 180);
    for (const stage of [answered, cancelled, other]) {
      await stage.after(60_000);
      expect(stage.legs()).toHaveLength(1);
    }
    expect(cancelled.told()).toEqual([180, 487]);
  });
});

it('diverts nothing for a caller who has given up, whatever the callee says then', async () => {
  const stage = await called(diversion(rule('<busy/>')));
  await stage.answer(stage.leg(), 180);
  await stage.cancel();
  await stage.answer(stage.leg(), 486);
  expect([stage.legs().length, stage.told().includes(181)]).toEqual([1, false]);
});

it('follows a 302 of a callee that has diversion, and passes it on for others', async () => {
  const stage = await called(diversion());
  await stage.answer(stage.leg(), 302, ['Contact: <sip:desk@ims.test?x=y>']);
  expect(uriOf(stage.leg())).toBe('sip:desk@ims.test;cause=480');
  const without = await called('');
  await without.answer(without.leg(), 302, ['Contact: <sip:desk@ims.test>']);
  expect([without.legs().length, without.told()]).toEqual([1, [302]]);
});

it('diverts once: what becomes of the other target goes to the caller', async () => {
  const stage = await called(diversion(rule('<busy/>'), rule('')));
  // The second rule holds on arrival.
  await stage.answer(stage.leg(), 486);
  expect(stage.legs()).toHaveLength(1);
  expect(stage.told()).toEqual([181, 486]);
});

it('ends at five diversions: 480 on arrival, else the callee’s own answer', async () => {
  const history = [1, 2, 3, 4, 5].map((n) => `<sip:u${n}@ims.test;cause=302>;index=1${'.1'.repeat(n)}`);
  const headers = [`History-Info: <sip:u0@ims.test>;index=1, ${history.join(', ')}`];
  const arriving = await called(diversion(rule('')), { headers });
  expect([arriving.legs().length, arriving.told()]).toEqual([0, [480]]);
  const busy = await called(diversion(rule('<busy/>')), { headers });
  await busy.answer(busy.leg(), 486);
  expect([busy.legs().length, busy.told()]).toEqual([1, [486]]);
  expect(await busy.counted('diversion-limit')).toBe(1);
});

it('ends at a target that nobody can call', async () => {
  const stage = await called(diversion(rule('', 'mailto:bob@ims.test')));
  expect([stage.legs().length, stage.told()]).toEqual([0, [480]]);
});

it('tells the caller, and shows who diverts, unless the user does not want to', async () => {
  const quiet =
    '<notify-caller>false</notify-caller><reveal-identity-to-target>false</reveal-identity-to-target>';
  const stage = await called(diversion(rule('', 'tel:+15550100', quiet)));
  expect(stage.told()).toEqual([]);
  expect(uriOf(stage.leg())).toBe('tel:+15550100');
  expect(firstHeader(stage.leg(), 'History-Info')).toContain('<sip:anonymous@anonymous.invalid>;index=1');
  expect(firstHeader(stage.leg(), 'Diversion')).toContain('privacy=full');
  expect(headerLines(stage.leg(), 'History-Info').join()).not.toContain('bob');
});

it('leaves other methods, callers, and users without the service alone', async () => {
  const message = await called(diversion(rule('')), { method: 'MESSAGE' });
  expect(message.legs('MESSAGE').map(uriOf)).toEqual([BOB]);
  const caller = await called(diversion(rule('')), { served: originating() });
  expect(caller.legs().map(uriOf)).toEqual([BOB]);
  const inactive = await called(
    '<communication-diversion active="false"><cp:ruleset/></communication-diversion>',
  );
  expect(inactive.legs().map(uriOf)).toEqual([BOB]);
});

it('serves by the parameters of its name where that begins with cdiv', async () => {
  const server = 'sip:cdiv.ims.test;conditions=busy+no-answer;target=sip%3Avm%40ims.test;no-reply-timer=7;lr';
  const stage = await called('', { server });
  await stage.answer(stage.leg(), 180);
  await stage.after(7_000);
  expect(stage.legs().map(uriOf)).toEqual([BOB, 'sip:vm@ims.test;cause=408']);
  const busy = await called('', { server });
  await busy.answer(busy.leg(), 486);
  expect(busy.legs()).toHaveLength(2);
});
