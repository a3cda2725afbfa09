// The decision table of backend.md §1.1 in HSS mode, row by row, on the cache that requests leave: §12 items 1 and 4.
import { jest } from '@jest/globals';
import { StoreUnavailable } from '#libs/stores';
import { AppendUnknown } from '#libs/event-log';
import { CachedSets } from './cached-sets.js';
import { base, createStage, experimental, IMPI, IMPU, profile, RECORD_TTL_S, REREGISTRATION_S, SCSCF, success, XML, xmlOf } from './hss-stage.fixture.js'; // prettier-ignore

const told = (answer: Awaited<ReturnType<Awaited<ReturnType<typeof createStage>>['regData']>>) =>
  answer.ok ? [answer.value.previousState, answer.value.state] : answer.failure;

describe('reg', () => {
  it('not registered: SAR 1 with the names of both; then from the cache', async () => {
    const { regData, seen, asked } = await createStage();
    expect(told(await regData('reg', { impi: IMPI }))).toEqual(['NOT_REGISTERED', 'REGISTERED']);
    expect(seen[0]).toMatchObject({
      'User-Name': IMPI,
      'Public-Identity': IMPU,
      'Server-Name': SCSCF,
      'Server-Assignment-Type': 1,
      'User-Data-Already-Available': 0,
      'Destination-Realm': 'ims.test',
      'Auth-Session-State': 1,
    });
    expect(seen[0]).not.toHaveProperty('Supported-Features');
    asked();
    for (const impu of [IMPU, 'tel:+1'])
      expect(told(await regData('reg', { impi: IMPI }, impu))).toEqual(['REGISTERED', 'REGISTERED']);
    expect(asked()).toEqual([]);
  });

  it('the profile as it came, without its prolog, and the charging functions in order', async () => {
    const { regData, answer } = await createStage();
    answer('SAR', {
      ...profile(),
      'Charging-Information': {
        'Secondary-Charging-Collection-Function-Name': 'aaa://cdf2.ims.test',
        'Primary-Charging-Collection-Function-Name': 'aaa://cdf1.ims.test',
        'Primary-Event-Charging-Function-Name': 'aaa://ecf.ims.test',
      },
    });
    const chargingAddresses = { ccf: ['aaa://cdf1.ims.test', 'aaa://cdf2.ims.test'], ecf: ['aaa://ecf.ims.test'] };
    for (let n = 0; n < 2; n++)
      expect(await regData('reg', { impi: IMPI })).toMatchObject({ value: { imsSubscriptionXml: XML, chargingAddresses } });
  }); // prettier-ignore

  it('the same document is the same string while it is cached', async () => {
    const { regData } = await createStage();
    await regData('reg', { impi: IMPI });
    const [first, second] = [await regData('call'), await regData('call')];
    expect(first.ok && second.ok && Object.is(first.value.imsSubscriptionXml, second.value.imsSubscriptionXml)).toBe(true); // prettier-ignore
  });

  it('asked about again exactly when the registration is as old as that: SAR 2', async () => {
    const { regData, core, asked, clock } = await createStage();
    await regData('reg', { impi: IMPI });
    const renewedAtMs = clock.nowMs() - 20 + 2; // two trips of a millisecond
    asked();
    await clock.advanceAsync(renewedAtMs + REREGISTRATION_S * 1000 - 1 - clock.nowMs());
    expect(told(await core.regData(IMPU, { reqtype: 'reg', impi: IMPI }))).toEqual([
      'REGISTERED',
      'REGISTERED',
    ]);
    expect(asked()).toEqual([]);
    await clock.advanceAsync(1);
    await regData('reg', { impi: IMPI });
    expect(asked()).toEqual(['SAR 2']);
    await regData('reg', { impi: IMPI });
    expect(asked()).toEqual([]);
  });

  it('no-cache: SAR 2 at once', async () => {
    const { regData, asked } = await createStage();
    await regData('reg', { impi: IMPI });
    await regData('reg', { impi: IMPI, noCache: true });
    expect(asked()).toEqual(['SAR 1', 'SAR 2']);
  });

  it('another private identity on a registered set: SAR 1; then both are known', async () => {
    const { regData, asked } = await createStage();
    await regData('reg', { impi: IMPI });
    await regData('reg', { impi: 'tablet@ims.test' });
    expect(asked()).toEqual(['SAR 1', 'SAR 1']);
    await regData('reg', { impi: IMPI });
    await regData('reg', { impi: 'tablet@ims.test' });
    expect(asked()).toEqual([]);
  });

  it('on an unregistered set: SAR 1', async () => {
    const { regData, asked } = await createStage();
    await regData('call');
    expect(told(await regData('reg', { impi: IMPI }))).toEqual(['UNREGISTERED', 'REGISTERED']);
    expect(asked()).toEqual(['SAR 3', 'SAR 1']);
  });

  it('the record ends with its life: SAR 1 again', async () => {
    const { regData, asked, clock } = await createStage();
    await regData('reg', { impi: IMPI });
    await clock.advanceAsync(RECORD_TTL_S * 1000);
    expect(told(await regData('reg', { impi: IMPI }))).toEqual(['NOT_REGISTERED', 'REGISTERED']);
    expect(asked()).toEqual(['SAR 1', 'SAR 1']);
  });

  it('asks for shared filter criteria where it is told to', async () => {
    const { regData, seen } = await createStage({ config: { requestSharedIfcs: true } });
    await regData('reg', { impi: IMPI });
    expect(seen[0]?.['Supported-Features']).toEqual({ 'Vendor-Id': 10415, 'Feature-List-ID': 1, 'Feature-List': 1 }); // prettier-ignore
  });

  it('an answer without a profile, or with one that is none, is an error of the HSS', async () => {
    const { regData, answer } = await createStage();
    for (const body of [success(), profile('<Sh-Data/>'), profile('<IMSSubscription>')]) {
      answer('SAR', body);
      expect(told(await regData('reg', { impi: IMPI }))).toBe('hss-error');
    }
  });

  it('a profile without public identities is given and not kept', async () => {
    const { regData, answer, asked, events } = await createStage();
    answer('SAR', profile(xmlOf([])));
    for (let n = 0; n < 2; n++)
      expect(told(await regData('reg', { impi: IMPI }))).toEqual(['NOT_REGISTERED', 'REGISTERED']);
    expect([asked(), events]).toEqual([['SAR 1', 'SAR 1'], []]);
  });
});

describe('call', () => {
  it('not registered: SAR 3 without a private identity; then from the cache', async () => {
    const { regData, seen, asked } = await createStage();
    expect(told(await regData('call'))).toEqual(['NOT_REGISTERED', 'UNREGISTERED']);
    expect(seen[0]).toMatchObject({ 'Public-Identity': IMPU, 'Server-Assignment-Type': 3 });
    expect(seen[0]).not.toHaveProperty('User-Name');
    asked();
    expect(told(await regData('call', {}, 'tel:+1'))).toEqual(['UNREGISTERED', 'UNREGISTERED']);
    expect(asked()).toEqual([]);
  });

  it('registered: from the cache', async () => {
    const { regData, asked } = await createStage();
    await regData('reg', { impi: IMPI });
    expect(told(await regData('call'))).toEqual(['REGISTERED', 'REGISTERED']);
    expect(asked()).toEqual(['SAR 1']);
  });

  it('of many at once to one who is not registered one asks; registrations ask each', async () => {
    const { core, settled, asked, events } = await createStage();
    const calls = Array.from({ length: 5 }, () => core.regData(IMPU, { reqtype: 'call' }));
    for (const answer of await settled(Promise.all(calls))) expect(told(answer)).toEqual(['NOT_REGISTERED', 'UNREGISTERED']); // prettier-ignore
    expect([asked(), events.length]).toEqual([['SAR 3'], 1]);
    const other = 'sip:bob@ims.test';
    const registrations = ['a', 'b'].map((impi) => core.regData(other, { reqtype: 'reg', impi }));
    await settled(Promise.all(registrations));
    expect(asked()).toEqual(['SAR 1', 'SAR 1']);
  });

  it('does not take a registration for a call that was asked about before', async () => {
    const { core, settled, answer, regData } = await createStage();
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    answer('SAR', ({ avps }) => (avps.get('Server-Assignment-Type') === 3 ? held.then(() => profile()) : profile())); // prettier-ignore
    const call = core.regData(IMPU, { reqtype: 'call' });
    await regData('reg', { impi: IMPI });
    goOn();
    await settled(call);
    expect(told(await regData('call'))).toEqual(['REGISTERED', 'REGISTERED']);
  });
});

describe('dereg', () => {
  it.each([
    ['dereg-user', 5],
    ['dereg-admin', 8],
    ['dereg-timeout', 4],
  ] as const)('%s: SAR %i, and the whole set is gone; a second time 400', async (reqtype, type) => {
    const { regData, seen, asked, core, settled } = await createStage();
    await regData('reg', { impi: IMPI });
    asked();
    expect(told(await regData(reqtype))).toEqual([undefined, 'NOT_REGISTERED']);
    expect(seen[0]).toMatchObject({ 'Server-Assignment-Type': type, 'User-Name': IMPI });
    for (const impu of [IMPU, 'tel:+1'])
      expect(await settled(core.cachedRegData(impu))).toEqual({ ok: false, failure: 'not-found' });
    expect(told(await regData(reqtype, {}, 'tel:+1'))).toBe('bad-request');
  });

  it.each([[base(5012), 'hss-error'], [base(3004), 'hss-error'], [experimental(5001), 'not-found']])('the set goes whatever the HSS says of it: %j', async (body, failure) => {
    const { regData, answer } = await createStage();
    await regData('reg', { impi: IMPI });
    answer('SAR', body);
    expect(told(await regData('dereg-user', { impi: IMPI }))).toBe(failure);
    expect(told(await regData('dereg-user', { impi: IMPI }))).toBe('bad-request');
  }); // prettier-ignore

  it('the set stays when no HSS was reached', async () => {
    const { regData, stopHss, core, settled } = await createStage();
    await regData('reg', { impi: IMPI });
    stopHss(1);
    expect(told(await regData('dereg-user', { impi: IMPI }))).toBe('hss-unreachable');
    expect(await settled(core.cachedRegData(IMPU))).toMatchObject({ value: { state: 'REGISTERED' } });
  });

  it('names the private identity of the profile where the request names none, but not “null”', async () => {
    const { regData, seen, answer, asked } = await createStage();
    answer('SAR', profile(xmlOf([IMPU], '', 'null')));
    await regData('call');
    asked();
    await regData('dereg-timeout');
    expect(seen[0]).not.toHaveProperty('User-Name');
  });

  it.each([
    ['dereg-auth-failed', 9],
    ['dereg-auth-timeout', 10],
  ] as const)('%s: SAR %i, and what is cached stays', async (reqtype, type) => {
    const { regData, asked } = await createStage();
    expect(told(await regData(reqtype, { impi: IMPI }))).toEqual([undefined, 'NOT_REGISTERED']);
    await regData('reg', { impi: IMPI });
    expect(told(await regData(reqtype, { impi: IMPI }))).toEqual([undefined, 'REGISTERED']);
    expect(told(await regData('call'))).toEqual(['REGISTERED', 'REGISTERED']);
    expect(asked()).toEqual([`SAR ${type}`, 'SAR 1', `SAR ${type}`]);
  });
});

describe('wildcards', () => {
  const WILDCARD = 'sip:pbx-!.*!@ims.test';
  const wildcarded = profile(
    '<IMSSubscription><PrivateID>pbx</PrivateID><ServiceProfile><PublicIdentity><Identity>sip:pbx-1@ims.test</Identity>' +
      `<Extension><IdentityType>3</IdentityType><Extension><Extension><WildcardedIMPU>${WILDCARD}</WildcardedIMPU></Extension></Extension></Extension>` +
      '</PublicIdentity></ServiceProfile></IMSSubscription>',
  );

  it.each([['call', 3] , ['reg', 1]] as const)('%s: looked up under the wildcard that the caller names, hit and miss', async (reqtype, type) => {
    const { regData, seen, asked, answer } = await createStage();
    answer('SAR', wildcarded);
    await regData(reqtype, { wildcardIdentity: WILDCARD, impi: 'pbx' }, 'sip:pbx-1@ims.test');
    expect(seen[0]).toMatchObject({ 'Public-Identity': 'sip:pbx-1@ims.test', 'Server-Assignment-Type': type });
    // Of the types that are sent here only 3 and 4 and 8 may carry it.
    expect(seen[0]?.['Wildcarded-Public-Identity']).toBe(type === 3 ? WILDCARD : undefined);
    asked();
    await regData(reqtype, { wildcardIdentity: WILDCARD, impi: 'pbx' }, 'sip:pbx-2@ims.test');
    expect(asked()).toEqual([]);
  }); // prettier-ignore

  it('5007 with a wildcard: asked again with it; the same one twice is an error of the HSS', async () => {
    const { regData, answer, asked, seen } = await createStage();
    answer('SAR', ({ avps }) => avps.has('Wildcarded-Public-Identity') ? wildcarded : experimental(5007, { 'Wildcarded-Public-Identity': WILDCARD }));
    expect(told(await regData('call', {}, 'sip:pbx-3@ims.test'))).toEqual(['NOT_REGISTERED', 'UNREGISTERED']);
    expect(seen.at(-1)).toMatchObject({ 'Wildcarded-Public-Identity': WILDCARD, 'Public-Identity': 'sip:pbx-3@ims.test' });
    expect(asked()).toEqual(['SAR 3', 'SAR 3']);
    const stubborn = await createStage();
    stubborn.answer('SAR', experimental(5007, { 'Wildcarded-Public-Identity': WILDCARD }));
    expect(told(await stubborn.regData('call', {}, 'sip:x@ims.test'))).toBe('hss-error');
    expect(stubborn.asked()).toHaveLength(2);
  }); // prettier-ignore

  it('5007 with a wildcard that is cached already is answered from there', async () => {
    const { regData, answer, asked } = await createStage();
    answer('SAR', wildcarded);
    await regData('call', { wildcardIdentity: WILDCARD }, 'sip:pbx-1@ims.test');
    answer('SAR', experimental(5007, { 'Wildcarded-Public-Identity': WILDCARD }));
    expect(told(await regData('call', {}, 'sip:pbx-2@ims.test'))).toEqual(['UNREGISTERED', 'UNREGISTERED']);
    expect(asked()).toEqual(['SAR 3', 'SAR 3']);
  });

  it('an HSS that leads from wildcard to wildcard is followed three times', async () => {
    const { regData, answer, asked } = await createStage();
    let n = 0;
    answer('SAR', () => experimental(5007, { 'Wildcarded-Public-Identity': `sip:w${n++}-!.*!@ims.test` }));
    expect(told(await regData('call'))).toBe('hss-error');
    expect(asked()).toHaveLength(4);
  });
});

describe('what changes a subscriber', () => {
  it('is an event when the HSS tells something new, and none when it tells it again', async () => {
    const { regData, events, answer } = await createStage();
    await regData('reg', { impi: IMPI });
    await regData('reg', { impi: IMPI, noCache: true });
    expect(events).toEqual([
      {
        stream: `assignment-${IMPU}`,
        type: 'SubscriptionReceived',
        data: {
          xml: XML,
          publicIdentities: [IMPU, 'tel:+1'],
          privateIdentities: [IMPI],
          collectionFunctions: [],
          eventFunctions: [],
          by: 'registration',
        },
      },
    ]);
    answer('SAR', profile(xmlOf([IMPU])));
    await regData('reg', { impi: IMPI, noCache: true });
    expect(events).toHaveLength(2);
  });

  it('is not cached before the log has it; the request is answered all the same', async () => {
    const { regData, faults, asked } = await createStage();
    faults.log = new AppendUnknown('no verdict');
    expect(told(await regData('call'))).toEqual(['NOT_REGISTERED', 'UNREGISTERED']);
    expect(told(await regData('call'))).toEqual(['NOT_REGISTERED', 'UNREGISTERED']);
    delete faults.log;
    await regData('call');
    await regData('call');
    expect(asked()).toEqual(['SAR 3', 'SAR 3', 'SAR 3']);
  });
});

describe('the store of views', () => {
  afterEach(() => void jest.restoreAllMocks());
  const down = () => Promise.reject(new StoreUnavailable('down'));

  it('cannot be read: 504, never not-found, and the HSS is not asked', async () => {
    const { regData, core, settled, asked } = await createStage();
    jest.spyOn(CachedSets.prototype, 'find').mockImplementation(down);
    for (const reqtype of ['reg', 'call', 'dereg-user'] as const)
      expect(told(await regData(reqtype, { impi: IMPI }))).toBe('timeout');
    expect(await settled(core.cachedRegData(IMPU))).toEqual({ ok: false, failure: 'timeout' });
    expect(asked()).toEqual([]);
    expect(await settled(core.location(IMPU))).toMatchObject({ ok: true });
  });

  it('cannot be written: 503', async () => {
    const { regData } = await createStage();
    jest.spyOn(CachedSets.prototype, 'put').mockImplementation(down);
    expect(told(await regData('reg', { impi: IMPI }))).toBe('unavailable');
  });
});
