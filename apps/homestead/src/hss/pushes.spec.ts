// RTR and PPR as an HSS sends them (backend.md §1.3; §12 item 3): each reason with and without identities, what the registrar is told,
// what becomes of the cache and of the log.
import type { Body } from '#libs/diameter';
import { PAIRS_MAX } from './pushes.js';
import { createStage, IMPI, IMPU, profile, RECORD_TTL_S, XML, xmlOf } from './hss-stage.fixture.js';

const OTHER = 'sip:office@ims.test';
const reason = (code: number, more: Body = {}): Body => ({ 'Deregistration-Reason': { 'Reason-Code': code }, ...more }); // prettier-ignore

/** Two sets of one private identity; the first one of a second one too. */
const registered = async () => {
  const stage = await createStage();
  await stage.regData('reg', { impi: IMPI });
  await stage.regData('reg', { impi: 'tablet@ims.test' });
  stage.answer('SAR', profile(xmlOf([OTHER])));
  await stage.regData('reg', { impi: IMPI }, OTHER);
  stage.asked();
  stage.events.splice(0);
  const isCached = async (impu: string) => (await stage.settled(stage.core.cachedRegData(impu))).ok;
  return { ...stage, isCached };
};

const BOTH = { 'Associated-Identities': { 'User-Name': ['tablet@ims.test'] } };
const all = [{ primaryImpu: IMPU }, { primaryImpu: OTHER }];

describe('RTR', () => {
  it.each([
    ['0, with identities', reason(0, { 'Public-Identity': ['tel:+1'] }), [{ primaryImpu: IMPU, impi: IMPI }], false],
    ['0, with identities and private ones', reason(0, { 'Public-Identity': [IMPU, 'tel:+1'], ...BOTH }), [{ primaryImpu: IMPU, impi: IMPI }, { primaryImpu: IMPU, impi: 'tablet@ims.test' }], false],
    ['0, without', reason(0), [{ primaryImpu: IMPU, impi: IMPI }, { primaryImpu: OTHER, impi: IMPI }], false],
    ['1, without', reason(1), all, false],
    ['1: identities do not count', reason(1, { 'Public-Identity': [IMPU] }), all, false],
    ['2, without', reason(2), all, true],
    ['2: identities do not count', reason(2, { 'Public-Identity': [IMPU] }), all, true],
    ['3, with identities', reason(3, { 'Public-Identity': [OTHER] }), [{ primaryImpu: OTHER }], true],
    ['3, without', reason(3), all, true],
  ] as const)('reason %s', async (_what, body, withdrawals, notify) => {
    const stage = await registered();
    const { result, avps } = await stage.push('RTR', body);
    expect(result).toBe(2001);
    expect(stage.withdrawn).toEqual([{ withdrawals, notify }]);
    const impis = [IMPI, ...('Associated-Identities' in body ? ['tablet@ims.test'] : [])];
    expect(avps.group('Associated-Identities')?.all('User-Name')).toEqual(impis);
    expect(avps.get('Auth-Session-State')).toBe(1);
    const named = new Set<string>(withdrawals.map(({ primaryImpu }) => primaryImpu));
    for (const impu of [IMPU, OTHER]) expect([impu, await stage.isCached(impu)]).toEqual([impu, !named.has(impu)]);
    expect(stage.events.map(({ stream, type }) => [stream, type])).toEqual([...named].map((impu) => [`assignment-${impu}`, 'AssignmentWithdrawn']));
    // No SAR: the HSS knows.
    expect(stage.asked()).toEqual([]);
  }); // prettier-ignore

  it('an unknown reason is 5012, and nothing is done', async () => {
    const stage = await registered();
    expect((await stage.push('RTR', reason(4))).result).toBe(5012);
    expect([stage.withdrawn, await stage.isCached(IMPU)]).toEqual([[], true]);
  });

  it('of more pairs of identities than are ended at once is 5012, and nothing is done', async () => {
    const stage = await registered();
    const half = Math.ceil(Math.sqrt(PAIRS_MAX)) + 1;
    const impus = Array.from({ length: half }, (_, n) => `tel:+${n}`);
    const impis = Array.from({ length: half }, (_, n) => `p${n}`);
    const body = { 'Public-Identity': impus, 'Associated-Identities': { 'User-Name': impis } };
    expect((await stage.push('RTR', reason(0, body))).result).toBe(5012);
    expect([stage.withdrawn, await stage.isCached(IMPU)]).toEqual([[], true]);
  });

  it('of nobody who is known here is 2001', async () => {
    const stage = await registered();
    expect((await stage.push('RTR', { ...reason(0), 'User-Name': 'nobody@ims.test' })).result).toBe(2001);
    expect(stage.withdrawn).toEqual([]);
  });

  it('an identity that is named and not cached is ended all the same', async () => {
    const stage = await registered();
    await stage.push('RTR', reason(0, { 'Public-Identity': ['sip:lost@ims.test'] }));
    expect(stage.withdrawn).toEqual([{ withdrawals: [{ primaryImpu: 'sip:lost@ims.test', impi: IMPI }], notify: false }]); // prettier-ignore
  });

  it('5012 when the registrar fails; the set stays, and the HSS’s next try ends it', async () => {
    const stage = await registered();
    stage.faults.registrar = new Error('503');
    expect((await stage.push('RTR', reason(0))).result).toBe(5012);
    expect([await stage.isCached(IMPU), stage.events]).toEqual([true, []]);
    delete stage.faults.registrar;
    expect((await stage.push('RTR', reason(0))).result).toBe(2001);
    expect(await stage.isCached(IMPU)).toBe(false);
  });

  it('5012 when the log does not take it', async () => {
    const stage = await registered();
    stage.faults.log = new Error('down');
    expect((await stage.push('RTR', reason(0))).result).toBe(5012);
    expect(await stage.isCached(IMPU)).toBe(true);
  });
});

describe('PPR', () => {
  const CHANGED = xmlOf([IMPU, 'tel:+2'], '<InitialFilterCriteria><Priority>0</Priority></InitialFilterCriteria>'); // prettier-ignore
  const userData = (xml: string): Body => ({ 'User-Data': Buffer.from(xml) });
  const charging: Body = { 'Charging-Information': { 'Primary-Charging-Collection-Function-Name': 'aaa://new.ims.test' } }; // prettier-ignore

  it('a changed profile holds for the next call, and its identities too', async () => {
    const stage = await registered();
    expect((await stage.push('PPR', userData(`<?xml version="1.0"?>${CHANGED}`))).result).toBe(2001);
    for (const impu of [IMPU, 'tel:+2'])
      expect(await stage.regData('call', {}, impu)).toMatchObject({ value: { imsSubscriptionXml: CHANGED } });
    expect(await stage.isCached('tel:+1')).toBe(false);
    expect(stage.events).toMatchObject([{ stream: `assignment-${IMPU}`, data: { xml: CHANGED, by: 'push', privateIdentities: [IMPI, 'tablet@ims.test'] } }]); // prettier-ignore
    expect(stage.asked()).toEqual([]);
  });

  it('the registrar has it before it is answered; 5012 when it fails, and the HSS’s next try brings it', async () => {
    const stage = await registered();
    stage.faults.registrar = new Error('503');
    expect((await stage.push('PPR', userData(CHANGED))).result).toBe(5012);
    expect(stage.events).toEqual([]);
    expect(await stage.regData('call')).toMatchObject({ value: { imsSubscriptionXml: XML } });
    delete stage.faults.registrar;
    expect((await stage.push('PPR', userData(CHANGED))).result).toBe(2001);
    expect(stage.changedProfiles).toEqual([[IMPU, CHANGED], [IMPU, CHANGED]]); // prettier-ignore
    expect(await stage.regData('call')).toMatchObject({ value: { imsSubscriptionXml: CHANGED } });
  });

  it('the registrar has nothing to change where only charging functions do', async () => {
    const stage = await registered();
    await stage.push('PPR', charging);
    expect(stage.changedProfiles).toEqual([]);
  });

  it('the other sets of the subscription keep their profile', async () => {
    const stage = await registered();
    await stage.push('PPR', userData(CHANGED));
    expect(await stage.regData('call', {}, OTHER)).toMatchObject({ value: { imsSubscriptionXml: xmlOf([OTHER]) } }); // prettier-ignore
  });

  it('charging functions go to every set, and no record lives longer for it', async () => {
    const stage = await registered();
    await stage.clock.advanceAsync((RECORD_TTL_S - 10) * 1000);
    expect((await stage.push('PPR', charging)).result).toBe(2001);
    for (const impu of [IMPU, OTHER])
      expect(await stage.regData('call', {}, impu)).toMatchObject({ value: { chargingAddresses: { ccf: ['aaa://new.ims.test'], ecf: [] } } }); // prettier-ignore
    expect(stage.events).toHaveLength(2);
    await stage.clock.advanceAsync(11_000);
    for (const impu of [IMPU, OTHER]) expect(await stage.isCached(impu)).toBe(false);
  });

  it('told again it is no event', async () => {
    const stage = await registered();
    await stage.push('PPR', userData(XML));
    expect(stage.events).toEqual([]);
  });

  it.each([
    ['another default identity', userData(xmlOf(['tel:+1', IMPU])), {}],
    ['no profile', userData('<nothing/>'), {}],
    ['of nobody who is known here', userData(CHANGED), { 'User-Name': 'nobody@ims.test' }],
  ])('5012 for %s, and nothing changes', async (_what, body, more) => {
    const stage = await registered();
    expect((await stage.push('PPR', { ...body, ...more })).result).toBe(5012);
    expect(stage.events).toEqual([]);
    expect(await stage.regData('call')).toMatchObject({ value: { imsSubscriptionXml: XML } });
  });

  it('5012 when the log does not take it, and nothing changes', async () => {
    const stage = await registered();
    stage.faults.log = new Error('down');
    expect((await stage.push('PPR', userData(CHANGED))).result).toBe(5012);
    expect(await stage.regData('call')).toMatchObject({ value: { imsSubscriptionXml: XML } });
  });

  it('with nothing in it is 2001', async () => {
    const stage = await registered();
    expect((await stage.push('PPR', {})).result).toBe(2001);
  });
});
