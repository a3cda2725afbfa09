// Homestead in local mode against the subscriber views: every answer of backend.md §1.1 that local mode has.
import { createMemoryLog, type DomainEvent } from '#libs/event-log';
import { StoreUnavailable, createMemoryCredentialStore, createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { createSubscriberProfiles, type FoldableEvent } from '#projections/subscriber-profiles';
import { homesteadCoreContract } from './contract/homestead-core.contract.js';
import { createHomestead } from './homestead.js';
import { RECORD_TTL_S } from './registration-states.js';

const IRS = '11111111-1111-4111-8111-111111111111';
const IMPU = 'sip:alice@ims.test';
const IMPI = 'alice@ims.test';
const SCSCF = 'sip:scscf.ims.test:5054;transport=tcp';

const setUp = async (options: { cacheMax?: number } = {}) => {
  const clock = createFakeClock();
  const log = await createMemoryLog({ clock, random: createSeededRandom(1) });
  const table = createMemoryTableStore<never>({ name: 'profiles' });
  const credentials = createMemoryCredentialStore({ clock });
  const profiles = createSubscriberProfiles({
    table,
    readStream: (s, from) => log.read(s, from),
    ...options,
  });
  const revisions = new Map<string, number>();
  const put = async (stream: string, ...events: readonly DomainEvent[]): Promise<void> => {
    const held = revisions.get(stream) ?? 0;
    const positions = await log.append(stream, events, { expected: held });
    revisions.set(stream, held + events.length);
    const recorded = events.map((event, i) => {
      return { event, stream, position: positions[i], revision: held + i + 1, timeMs: 0 } as FoldableEvent;
    });
    await profiles.apply(recorded);
  };
  const setPassword = async (version: string, ha1: string): Promise<void> => {
    await credentials.put(version, { kind: 'digest', impi: IMPI, realm: 'ims.test', ha1Md5: ha1 });
    const data = { impi: IMPI, version, realm: 'ims.test', algorithms: ['MD5'], plaintextKept: false };
    await put(`credential-${IMPI}`, { type: 'CredentialChanged', data });
  };
  await setPassword('v1', 'a'.repeat(32));
  await put(`identity-${IMPU}`, { type: 'IdentityReserved', data: { impu: IMPU, irs: IRS } });
  const xml = `<PublicIdentity><Identity>${IMPU}</Identity></PublicIdentity>`;
  await put(
    `subscriber-${IRS}`,
    { type: 'SubscriberCreated', data: { irs: IRS } },
    { type: 'ServiceProfileAdded', data: { serviceProfile: 'p' } },
    { type: 'PublicIdentityAssigned', data: { serviceProfile: 'p', impu: IMPU, xml, barred: false } },
    { type: 'PrivateIdentityLinked', data: { impi: IMPI } },
  );
  const homestead = createHomestead({
    profiles,
    credentials,
    clock,
    random: createSeededRandom(2),
    scscfUri: SCSCF,
  });
  return { clock, table, credentials, profiles, put, setPassword, homestead };
};

const notFound = { ok: false, failure: 'not-found' };
const unavailable = { ok: false, failure: 'unavailable' };

describe('authVector', () => {
  it('gives the HA1 of a private identity that may use the public one', async () => {
    const { homestead } = await setUp();
    const value = { kind: 'digest', realm: 'ims.test', qop: 'auth', ha1Md5: 'a'.repeat(32), version: 'v1' };
    for (let i = 0; i < 3; i++) expect(await homestead.authVector(IMPI, IMPU)).toEqual({ ok: true, value });
  });

  it('knows neither strangers nor pairs that do not belong together', async () => {
    const { homestead } = await setUp();
    expect(await homestead.authVector('eve@ims.test', IMPU)).toEqual(notFound);
    expect(await homestead.authVector(IMPI, 'sip:bob@ims.test')).toEqual(notFound);
    await homestead.authVector(IMPI, IMPU);
    expect(await homestead.authVector('eve@ims.test', IMPU)).toEqual(notFound);
  });

  it('gives a changed password at once, and none once the private identity is gone', async () => {
    const { homestead, setPassword, put } = await setUp();
    await homestead.authVector(IMPI, IMPU);
    await setPassword('v2', 'b'.repeat(32));
    expect(await homestead.authVector(IMPI, IMPU)).toMatchObject({
      value: { ha1Md5: 'b'.repeat(32), version: 'v2' },
    });
    await put(`credential-${IMPI}`, { type: 'CredentialRemoved', data: { impi: IMPI, version: 'v2' } });
    expect(await homestead.authVector(IMPI, IMPU)).toEqual(notFound);
  });

  it('does not keep a vector whose credential changed while it was read', async () => {
    const { homestead, credentials, setPassword } = await setUp();
    const get = credentials.get.bind(credentials);
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    credentials.get = async (version) => {
      const secret = await get(version);
      if (version === 'v1') await held;
      return secret;
    };
    await homestead.location(IMPU);
    const early = homestead.authVector(IMPI, IMPU);
    await setPassword('v2', 'b'.repeat(32));
    goOn();
    await early;
    expect(await homestead.authVector(IMPI, IMPU)).toMatchObject({ value: { version: 'v2' } });
  });

  it('is unavailable, never not-found, when a secret or the view cannot be read', async () => {
    const { homestead, credentials, table } = await setUp();
    await credentials.remove('v1');
    expect(await homestead.authVector(IMPI, IMPU)).toEqual(unavailable);
    table.get = () => Promise.reject(new StoreUnavailable('down'));
    for (const answer of [
      homestead.authVector('x', 'sip:x@ims.test'),
      homestead.registrationStatus('x', 'sip:x@ims.test', { visitedNetwork: 'ims.test', authType: 'REG' }),
      homestead.location('sip:x@ims.test'),
      homestead.regData('sip:x@ims.test', { reqtype: 'call' }),
      homestead.cachedRegData('sip:x@ims.test'),
    ]) {
      expect(await answer).toEqual(unavailable);
    }
  });
});

describe('authentication', () => {
  const sim = { kind: 'aka', impi: IMPI, realm: 'ims.test', k: '0'.repeat(32), opc: '1'.repeat(32), amf: '8000', sqn: 0 } as const; // prettier-ignore

  it('gives who has a SIM a new vector each time, in both versions, and no digest', async () => {
    const { homestead, credentials, put } = await setUp();
    await homestead.authVector(IMPI, IMPU);
    await credentials.put('v2', sim);
    const data = { impi: IMPI, version: 'v2', realm: 'ims.test', algorithms: [], plaintextKept: false };
    await put(`credential-${IMPI}`, { type: 'CredentialChanged', data });
    const challenges = new Set<string>();
    for (const [scheme, version] of [
      ['any', 1],
      ['akav1', 1],
      ['akav2', 2],
    ] as const) {
      const answer = await homestead.authentication(IMPI, IMPU, { scheme });
      expect(answer).toMatchObject({ ok: true, value: { kind: 'aka', version } });
      if (answer.ok && answer.value.kind === 'aka') challenges.add(answer.value.challenge);
    }
    expect(challenges.size).toBe(3);
    expect(await homestead.authentication(IMPI, IMPU, { scheme: 'digest' })).toEqual(notFound);
    expect(await homestead.authVector(IMPI, IMPU)).toEqual(notFound);
  });

  it('has no vector of a SIM for who has a password, held in memory or not', async () => {
    const { homestead } = await setUp();
    for (let n = 0; n < 2; n++) {
      expect(await homestead.authentication(IMPI, IMPU, { scheme: 'akav1' })).toEqual(notFound);
      expect(await homestead.authentication(IMPI, IMPU, { scheme: 'any' })).toMatchObject({
        value: { kind: 'digest' },
      });
    }
  });

  it('is unavailable where the number of the vector cannot be kept', async () => {
    const { homestead, credentials, put } = await setUp();
    await credentials.put('v2', sim);
    const data = { impi: IMPI, version: 'v2', realm: 'ims.test', algorithms: [], plaintextKept: false };
    await put(`credential-${IMPI}`, { type: 'CredentialChanged', data });
    credentials.advanceSequence = () => Promise.reject(new StoreUnavailable('down'));
    expect(await homestead.authentication(IMPI, IMPU, { scheme: 'any' })).toEqual(unavailable);
  });
});

describe('registrationStatus and location', () => {
  const visit = { visitedNetwork: 'ims.test', authType: 'REG' } as const;
  const assigned = { ok: true, value: { resultCode: 2001, scscf: SCSCF } };

  it('assigns our S-CSCF to known users only, read or cached', async () => {
    const { homestead } = await setUp({ cacheMax: 1 });
    for (let i = 0; i < 2; i++) {
      expect(await homestead.registrationStatus(IMPI, IMPU, visit)).toEqual(assigned);
      expect(await homestead.registrationStatus('eve@ims.test', IMPU, visit)).toEqual(notFound);
      expect(await homestead.registrationStatus(IMPI, 'sip:bob@ims.test', visit)).toEqual(notFound);
      expect(await homestead.location(IMPU)).toEqual(assigned);
      expect(await homestead.location('sip:bob@ims.test')).toEqual(notFound);
    }
  });
});

describe('regData', () => {
  it('gives the same document, as the same string, until the set changes', async () => {
    const { homestead, put } = await setUp();
    const xmlNow = async () => {
      const answer = await homestead.regData(IMPU, { reqtype: 'call' });
      return answer.ok ? answer.value.imsSubscriptionXml : '';
    };
    const first = await xmlNow();
    expect(first).toBe(
      '<IMSSubscription><PrivateID>Unspecified</PrivateID><ServiceProfile><InitialFilterCriteria/>' +
        `<PublicIdentity><Identity>${IMPU}</Identity></PublicIdentity></ServiceProfile></IMSSubscription>`,
    );
    expect(Object.is(await xmlNow(), first)).toBe(true);
    const xml = '<ServiceProfile><Extension/></ServiceProfile>';
    await put(`subscriber-${IRS}`, { type: 'FilterCriteriaChanged', data: { serviceProfile: 'p', xml } });
    expect(await xmlNow()).toContain('<ServiceProfile><Extension/><PublicIdentity>');
  });

  it('follows the decision table of reg, call and dereg', async () => {
    const { homestead, clock } = await setUp();
    const ask = async (reqtype: Parameters<typeof homestead.regData>[1]['reqtype'], impi?: string) => {
      const answer = await homestead.regData(IMPU, { reqtype, ...(impi === undefined ? {} : { impi }) });
      return answer.ok ? [answer.value.previousState, answer.value.state] : answer.failure;
    };
    expect(await homestead.cachedRegData(IMPU)).toEqual(notFound);
    expect(await ask('dereg-user', IMPI)).toBe('bad-request');
    expect(await ask('dereg-auth-failed')).toBe('bad-request');
    expect(await ask('call')).toEqual(['NOT_REGISTERED', 'UNREGISTERED']);
    expect(await ask('call')).toEqual(['UNREGISTERED', 'UNREGISTERED']);
    expect(await ask('reg', IMPI)).toEqual(['UNREGISTERED', 'REGISTERED']);
    expect(await ask('reg', IMPI)).toEqual(['REGISTERED', 'REGISTERED']);
    expect(await ask('reg', 'eve@ims.test')).toBe('not-found');
    expect(await ask('call')).toEqual(['REGISTERED', 'REGISTERED']);
    expect(await homestead.cachedRegData(IMPU)).toMatchObject({ value: { state: 'REGISTERED' } });
    expect(await ask('dereg-auth-timeout')).toEqual([undefined, 'REGISTERED']);
    expect(await ask('dereg-timeout')).toEqual([undefined, 'NOT_REGISTERED']);
    expect(await ask('dereg-timeout')).toBe('bad-request');
    expect(await ask('reg', IMPI)).toEqual(['NOT_REGISTERED', 'REGISTERED']);
    clock.advance(RECORD_TTL_S * 1000);
    expect(await ask('call')).toEqual(['NOT_REGISTERED', 'UNREGISTERED']);
    const unknown = await homestead.regData('sip:bob@ims.test', { reqtype: 'call' });
    expect(unknown).toEqual(notFound);
  });

  it('looks a wildcarded identity up under its wildcard', async () => {
    const { homestead } = await setUp();
    const answer = await homestead.regData('sip:x@ims.test', { reqtype: 'call', wildcardIdentity: IMPU });
    expect(answer.ok).toBe(true);
  });
});

homesteadCoreContract(async () => {
  const { homestead: core } = await setUp();
  return { core, scscfUri: SCSCF, settled: (asked) => asked };
});
