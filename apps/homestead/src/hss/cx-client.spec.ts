// Questions to the HSS and what becomes of each result code (backend.md §1.2, §1.3; §12 item 2), failover, what is asked once, what is
// remembered of who is unknown, and the metrics of it.
import type { Body } from '#libs/diameter';
import type { Answer } from '#libs/homestead-client';
import { ABSENT_MS } from './known-absent.js';
import { base, createStage, experimental, IMPI, IMPU, RECORD_TTL_S, REREGISTRATION_S, SCSCF, success, XML } from './hss-stage.fixture.js'; // prettier-ignore

type Stage = Awaited<ReturnType<typeof createStage>>;
const VISIT = { visitedNetwork: 'visited.test', authType: 'REG' } as const;

const ASK: Readonly<Record<'UAR' | 'LIR' | 'MAR' | 'SAR', (stage: Stage) => Promise<Answer<unknown>>>> = {
  UAR: ({ core }) => core.registrationStatus(IMPI, IMPU, VISIT),
  LIR: ({ core }) => core.location(IMPU),
  MAR: ({ core }) => core.authVector(IMPI, IMPU),
  SAR: ({ core }) => core.regData(IMPU, { reqtype: 'reg', impi: IMPI }),
};
type Question = keyof typeof ASK;
const QUESTIONS = Object.keys(ASK) as Question[];

const DIGEST = { 'Digest-Realm': 'ims.test', 'Digest-QoP': 'auth', 'Digest-HA1': 'a'.repeat(32) };
const digest = success({
  'SIP-Auth-Data-Item': {
    'SIP-Authentication-Scheme': 'SIP Digest',
    'SIP-Digest-Authenticate': DIGEST,
  },
});

describe('requests', () => {
  it('UAR: who, where from, for what; an emergency says so', async () => {
    const stage = await createStage();
    await stage.settled(stage.core.registrationStatus(IMPI, IMPU, { ...VISIT, authType: 'DEREG', emergency: true })); // prettier-ignore
    await stage.settled(stage.core.registrationStatus(IMPI, IMPU, { ...VISIT, visitedNetwork: '' }));
    expect(stage.seen[0]).toMatchObject({
      'User-Name': IMPI,
      'Public-Identity': IMPU,
      'Visited-Network-Identifier': 'visited.test',
      'User-Authorization-Type': 1,
      'UAR-Flags': 1,
      'Origin-Host': 'homestead.ims.test',
      'Vendor-Specific-Application-Id': { 'Vendor-Id': 10415, 'Auth-Application-Id': 16777216 },
    });
    expect(stage.seen[1]).toMatchObject({ 'Visited-Network-Identifier': 'ims.test', 'User-Authorization-Type': 0 }); // prettier-ignore
    expect(stage.seen[1]).not.toHaveProperty('UAR-Flags');
    expect(stage.seen[1]).not.toHaveProperty('Destination-Host');
  });

  it('LIR: an originating request and capabilities are said', async () => {
    const stage = await createStage({ config: { destHost: 'hss1.ims.test', destRealm: 'ims.test' } });
    await stage.settled(stage.core.location(IMPU, { originating: true, authType: 'CAPAB' }));
    expect(stage.seen[0]).toMatchObject({ 'Public-Identity': IMPU, 'Originating-Request': 0, 'User-Authorization-Type': 2, 'Destination-Host': 'hss1.ims.test' }); // prettier-ignore
    await stage.settled(stage.core.location(IMPU));
    expect(stage.seen[1]).not.toHaveProperty('Originating-Request');
    expect(stage.seen[1]).not.toHaveProperty('User-Authorization-Type');
  });

  it.each([
    ['any', 'Unknown'],
    ['digest', 'SIP Digest'],
    ['akav1', 'Digest-AKAv1-MD5'],
    ['akav2', 'Digest-AKAv2-SHA-256'],
  ] as const)('MAR: scheme %s, for our server or the one that asks', async (scheme, name) => {
    const stage = await createStage();
    const resync = Buffer.alloc(30, 7);
    await stage.settled(stage.core.authentication(IMPI, IMPU, { scheme }));
    await stage.settled(stage.core.authentication(IMPI, IMPU, { scheme, resync, serverName: 'sip:other' }));
    expect(stage.seen[0]).toMatchObject({ 'User-Name': IMPI, 'Server-Name': SCSCF, 'SIP-Number-Auth-Items': 1, 'SIP-Auth-Data-Item': { 'SIP-Authentication-Scheme': name } });
    expect(stage.seen[1]).toMatchObject({ 'Server-Name': 'sip:other', 'SIP-Auth-Data-Item': { 'SIP-Authorization': resync.toString('hex') } });
  }); // prettier-ignore
});

describe('answers', () => {
  it.each<[string, Body, object]>([
    ['a first registration, with capabilities', experimental(2001, { 'Server-Capabilities': { 'Mandatory-Capability': [7, 8], 'Optional-Capability': [9], 'Server-Name': 'sip:s' } }), { resultCode: 2001, scscf: 'sip:s', mandatoryCapabilities: [7, 8], optionalCapabilities: [9] }],
    ['any server', experimental(2001), { resultCode: 2001, mandatoryCapabilities: [], optionalCapabilities: [] }],
    ['a further one, with the server that has it', experimental(2002, { 'Server-Name': SCSCF }), { resultCode: 2002, scscf: SCSCF }],
    ['plain success', success({ 'Server-Name': SCSCF }), { resultCode: 2001, scscf: SCSCF }],
  ])('UAA: %s', async (_what, body, value) => {
    const stage = await createStage();
    stage.answer('UAR', body);
    expect(await stage.settled(ASK.UAR(stage))).toEqual({ ok: true, value });
  }); // prettier-ignore

  it.each<[string, Body, object]>([
    ['served', success({ 'Server-Name': SCSCF, 'Wildcarded-Public-Identity': 'sip:w!.*!' }), { resultCode: 2001, scscf: SCSCF, wildcardIdentity: 'sip:w!.*!' }],
    ['services while unregistered', experimental(2003), { resultCode: 2003, mandatoryCapabilities: [], optionalCapabilities: [] }],
    ['not registered, and nothing serves', experimental(5003), { resultCode: 5003 }],
  ])('LIA: %s', async (_what, body, value) => {
    const stage = await createStage();
    stage.answer('LIR', body);
    expect(await stage.settled(ASK.LIR(stage))).toMatchObject({ ok: true, value });
  }); // prettier-ignore

  it('MAA: SIP Digest, with qop auth where none is said', async () => {
    const stage = await createStage();
    stage.answer('MAR', digest);
    const value = { kind: 'digest', ha1Md5: 'a'.repeat(32), realm: 'ims.test', qop: 'auth', version: 'a'.repeat(32) }; // prettier-ignore
    expect(await stage.settled(ASK.MAR(stage))).toEqual({ ok: true, value });
    const { 'Digest-QoP': _qop, ...rest } = DIGEST;
    stage.answer('MAR', success({ 'SIP-Auth-Data-Item': { 'SIP-Authentication-Scheme': 'SIP Digest', 'SIP-Digest-Authenticate': rest } })); // prettier-ignore
    expect(await stage.settled(ASK.MAR(stage))).toEqual({ ok: true, value });
  });

  it.each([
    ['Digest-AKAv1-MD5', 1],
    ['Digest-AKAv2-SHA-256', 2],
  ])('MAA: %s, the challenge in base64, the rest in hexadecimal', async (scheme, version) => {
    const stage = await createStage();
    const [challenge, response] = [Buffer.alloc(32, 1), Buffer.from('00ff00ff00ff00ff', 'hex')];
    stage.answer('MAR', success({ 'SIP-Auth-Data-Item': { 'SIP-Authentication-Scheme': scheme, 'SIP-Authenticate': challenge, 'SIP-Authorization': response, 'Confidentiality-Key': Buffer.alloc(16, 2), 'Integrity-Key': Buffer.alloc(16, 3) } }));
    const value = { kind: 'aka', challenge: challenge.toString('base64'), response: '00ff00ff00ff00ff', cryptkey: '02'.repeat(16), integritykey: '03'.repeat(16), version };
    expect(await stage.settled(stage.core.authentication(IMPI, IMPU, { scheme: 'any' }))).toEqual({ ok: true, value });
    // The router has no use for it yet.
    expect(await stage.settled(ASK.MAR(stage))).toEqual({ ok: false, failure: 'hss-error' });
  }); // prettier-ignore

  it('MAA: a scheme that is not known is not found; digest without its hash is an error of the HSS', async () => {
    const stage = await createStage();
    for (const [item, failure] of [
      [{ 'SIP-Authentication-Scheme': 'NASS-Bundled' }, 'not-found'],
      [{ 'SIP-Authentication-Scheme': 'SIP Digest' }, 'hss-error'],
    ] as const) {
      stage.answer('MAR', success({ 'SIP-Auth-Data-Item': item }));
      expect(await stage.settled(ASK.MAR(stage))).toEqual({ ok: false, failure });
    }
  });
});

describe('result codes', () => {
  const ELSE = 'hss-error';
  const table: readonly (readonly [Body, Readonly<Record<Question, string>>])[] = [
    [base(3002), { UAR: 'hss-unreachable', LIR: 'hss-unreachable', MAR: 'hss-unreachable', SAR: 'hss-unreachable' }],
    [base(3004), { UAR: 'timeout', LIR: 'timeout', MAR: ELSE, SAR: ELSE }],
    [experimental(5001), { UAR: 'not-found', LIR: 'not-found', MAR: 'not-found', SAR: 'not-found' }],
    [experimental(5002), { UAR: 'not-found', LIR: ELSE, MAR: ELSE, SAR: ELSE }],
    [base(5003), { UAR: 'forbidden', LIR: ELSE, MAR: ELSE, SAR: ELSE }],
    [experimental(5004), { UAR: 'forbidden', LIR: ELSE, MAR: ELSE, SAR: ELSE }],
    [base(5001), { UAR: ELSE, LIR: ELSE, MAR: ELSE, SAR: ELSE }],
    [experimental(5006), { UAR: ELSE, LIR: ELSE, MAR: ELSE, SAR: ELSE }],
    [base(5012), { UAR: ELSE, LIR: ELSE, MAR: ELSE, SAR: ELSE }],
    [{ 'Experimental-Result': { 'Vendor-Id': 99, 'Experimental-Result-Code': 5001 } }, { UAR: ELSE, LIR: ELSE, MAR: ELSE, SAR: ELSE }],
  ]; // prettier-ignore

  it.each(table)('%j', async (body, failures) => {
    const stage = await createStage();
    for (const question of QUESTIONS) {
      stage.answer(question, body);
      expect([question, await stage.settled(ASK[question](stage))]).toEqual([question, { ok: false, failure: failures[question] }]); // prettier-ignore
    }
  });

  it.each(QUESTIONS)(
    '%s that nobody answers is the HSS’s fault, after the time of one try',
    async (question) => {
      const stage = await createStage({ config: { diameterTimeoutMs: 200 } });
      stage.network.deaf('at1', true);
      let answer: unknown;
      void ASK[question](stage).then((told) => (answer = told));
      await stage.clock.advanceAsync(199);
      expect(answer).toBeUndefined();
      await stage.clock.advanceAsync(2);
      expect(answer).toEqual({ ok: false, failure: 'hss-unreachable' });
    },
  );

  it('without any peer at once', async () => {
    const stage = await createStage();
    stage.stopHss(1);
    for (const question of QUESTIONS)
      expect(await stage.settled(ASK[question](stage), 0)).toEqual({ ok: false, failure: 'hss-unreachable' });
  });
});

describe('several HSSs', () => {
  it('the second is asked when the first does not answer, with the T flag; and when it says 3004, without', async () => {
    const stage = await createStage({ hsss: 2 });
    stage.network.deaf('at1', true);
    expect(await stage.settled(ASK.LIR(stage), 600)).toMatchObject({ ok: true });
    expect(stage.seen).toMatchObject([{ hss: 'hss2.ims.test', again: true }]);
    const other = await createStage({ hsss: 2 });
    other.answer('UAR', ({ avps }) => (avps.has('UAR-Flags') ? base(3004) : experimental(2001)));
    let first = true;
    other.answer('UAR', () => (first ? ((first = false), base(3004)) : experimental(2001)));
    expect(await other.settled(ASK.UAR(other))).toMatchObject({ ok: true });
    expect(other.seen.map(({ hss, again }) => [hss, again])).toEqual([['hss1.ims.test', false], ['hss2.ims.test', false]]); // prettier-ignore
  });

  it('one that is gone is not asked', async () => {
    const stage = await createStage({ hsss: 2 });
    stage.stopHss(1);
    expect(await stage.settled(ASK.SAR(stage))).toMatchObject({ ok: true });
    expect(stage.seen).toMatchObject([{ hss: 'hss2.ims.test', again: false }]);
  });
});

describe('while no HSS answers', () => {
  const dark = async () => {
    const stage = await createStage();
    stage.answer('MAR', digest);
    await stage.settled(ASK.UAR(stage));
    await stage.settled(ASK.MAR(stage));
    await stage.regData('reg', { impi: IMPI });
    await stage.settled(stage.core.authVector('other@ims.test', 'sip:other@ims.test'));
    stage.stopHss(1);
    return stage;
  };
  const unreachable = { ok: false, failure: 'hss-unreachable' };

  it('who is registered is called and registers again, also when the HSS would have to be told', async () => {
    const stage = await dark();
    const ours = { ok: true, value: { resultCode: 2001, scscf: SCSCF } };
    expect(await stage.settled(ASK.LIR(stage))).toEqual(ours);
    expect(await stage.regData('call')).toMatchObject({ value: { state: 'REGISTERED', imsSubscriptionXml: XML } }); // prettier-ignore
    await stage.clock.advanceAsync(REREGISTRATION_S * 1_000);
    expect(await stage.settled(ASK.UAR(stage))).toEqual(ours);
    expect(await stage.settled(ASK.MAR(stage))).toMatchObject({
      ok: true,
      value: { ha1Md5: 'a'.repeat(32) },
    });
    const overHttp = stage.core.authentication(IMPI, IMPU, { scheme: 'digest' });
    expect(await stage.settled(overHttp)).toMatchObject({ ok: true, value: { ha1Md5: 'a'.repeat(32) } });
    expect(await stage.settled(ASK.SAR(stage))).toMatchObject({ ok: true, value: { state: 'REGISTERED' } });
    // But not for ever: the record ends.
    await stage.clock.advanceAsync((RECORD_TTL_S - REREGISTRATION_S) * 1_000);
    for (const question of QUESTIONS) expect(await stage.settled(ASK[question](stage))).toEqual(unreachable);
  });

  it.each([
    ['MAR', experimental(5001)],
    ['UAR', experimental(5001)],
    ['UAR', base(5003)],
    ['UAR', experimental(5004)],
  ] as const)('nobody is let in whom the HSS refused last: %s %j', async (question, body) => {
    const stage = await createStage();
    stage.answer('MAR', digest);
    await stage.regData('reg', { impi: IMPI });
    await stage.settled(ASK.MAR(stage));
    stage.answer(question, body);
    expect(await stage.settled(ASK[question](stage))).toMatchObject({ ok: false });
    stage.stopHss(1);
    await stage.clock.advanceAsync(ABSENT_MS);
    expect(await stage.settled(ASK.MAR(stage))).toEqual(unreachable);
  });

  it('a refusal of a pair that is not registered takes nothing from who is', async () => {
    const stage = await createStage();
    stage.answer('MAR', digest);
    await stage.regData('reg', { impi: IMPI });
    await stage.settled(ASK.MAR(stage));
    stage.answer('UAR', experimental(5002));
    await stage.settled(stage.core.registrationStatus(IMPI, 'sip:mallory@ims.test', VISIT));
    stage.stopHss(1);
    expect(await stage.settled(ASK.MAR(stage))).toMatchObject({ ok: true });
  });

  it('nor whose registration it took back, until it let him in again', async () => {
    const stage = await createStage();
    stage.answer('MAR', digest);
    await stage.regData('reg', { impi: IMPI });
    await stage.settled(ASK.MAR(stage));
    await stage.push('RTR', { 'Deregistration-Reason': { 'Reason-Code': 0 } });
    await stage.regData('reg', { impi: IMPI });
    stage.stopHss(1);
    expect(await stage.settled(ASK.MAR(stage))).toEqual(unreachable);
  });

  it('all others are told that it is the HSS: never not found, never forbidden', async () => {
    const { core, settled } = await dark();
    const [impi, impu] = ['other@ims.test', 'sip:other@ims.test'];
    const others: readonly Promise<Answer<unknown>>[] = [
      core.registrationStatus(impi, impu, VISIT),
      core.authVector(impi, impu),
      core.authVector(impi, IMPU),
      core.authentication(IMPI, IMPU, { scheme: 'akav1' }),
      core.location(impu),
      core.regData(impu, { reqtype: 'reg', impi }),
      core.regData(IMPU, { reqtype: 'reg', impi }),
      core.regData(IMPU, { reqtype: 'reg', impi: IMPI, noCache: true }),
      core.regData(impu, { reqtype: 'call' }),
    ];
    for (const asked of others) expect(await settled(asked)).toEqual(unreachable);
  });
});

describe('a registered set', () => {
  it('is located without asking, but for capabilities; one that is not is asked about', async () => {
    const stage = await createStage();
    await stage.settled(stage.core.location(IMPU));
    await stage.regData('call');
    await stage.settled(stage.core.location(IMPU));
    await stage.regData('reg', { impi: IMPI });
    await stage.settled(stage.core.location(IMPU));
    await stage.settled(stage.core.location(IMPU, { authType: 'CAPAB' }));
    expect(stage.asked()).toEqual(['LIR', 'SAR 3', 'LIR', 'SAR 1', 'LIR']);
  });
});

describe('asked once', () => {
  it('LIR of one identity, whoever asks; never UAR and MAR', async () => {
    const stage = await createStage();
    stage.answer('MAR', digest);
    await stage.settled(
      Promise.all([...Array(3).keys()].flatMap(() => [ASK.LIR(stage), ASK.UAR(stage), ASK.MAR(stage)])),
    );
    expect(stage.asked().sort()).toEqual(['LIR', 'MAR', 'MAR', 'MAR', 'UAR', 'UAR', 'UAR']);
    await stage.settled(ASK.LIR(stage));
    expect(stage.asked()).toEqual(['LIR']);
  });

  it('not where something else is asked', async () => {
    const stage = await createStage();
    const { core } = stage;
    await stage.settled(Promise.all([core.location(IMPU), core.location(IMPU, { originating: true }), core.location('tel:+1')])); // prettier-ignore
    expect(stage.asked()).toHaveLength(3);
  });
});

describe('who the HSS does not know', () => {
  it.each(QUESTIONS)('is not asked about again for five seconds: %s', async (question) => {
    const stage = await createStage();
    stage.answer(question, experimental(5001));
    for (let n = 0; n < 3; n++)
      expect(await stage.settled(ASK[question](stage), 0 + (n === 0 ? 20 : 0))).toEqual({ ok: false, failure: 'not-found' }); // prettier-ignore
    expect(stage.asked()).toHaveLength(1);
    await stage.clock.advanceAsync(ABSENT_MS);
    await stage.settled(ASK[question](stage));
    expect(stage.asked()).toHaveLength(1);
  });

  it('is asked about again after a push', async () => {
    const stage = await createStage();
    stage.answer('LIR', experimental(5001));
    await stage.settled(ASK.LIR(stage));
    await stage.push('PPR', {});
    await stage.settled(ASK.LIR(stage));
    expect(stage.asked()).toEqual(['LIR', 'LIR']);
  });

  it.each([base(5012), base(3004), experimental(5004), experimental(5002)])('no other refusal is kept: %j', async (body) => {
    const stage = await createStage();
    stage.answer('UAR', body);
    await stage.settled(ASK.UAR(stage));
    await stage.settled(ASK.UAR(stage));
    expect(stage.asked()).toEqual(['UAR', 'UAR']);
  }); // prettier-ignore
});

it('results are counted by peer, command and code', async () => {
  const stage = await createStage();
  stage.answer('UAR', experimental(5001));
  await stage.settled(ASK.UAR(stage));
  await stage.settled(ASK.LIR(stage));
  await stage.settled(ASK.LIR(stage));
  await stage.push('PPR', {});
  stage.stopHss(1);
  await stage.settled(ASK.LIR(stage));
  const lines = (await stage.metrics.text()).split('\n').filter((line) => line.startsWith('homestead_cx_results_total{')); // prettier-ignore
  expect(lines.sort()).toEqual([
    'homestead_cx_results_total{peer="at1:3868",command="LIR",result="2001"} 2',
    'homestead_cx_results_total{peer="at1:3868",command="PPR",result="2001"} 1',
    'homestead_cx_results_total{peer="at1:3868",command="UAR",result="10415/5001"} 1',
    'homestead_cx_results_total{peer="none",command="LIR",result="no-peer"} 1',
  ]);
});
