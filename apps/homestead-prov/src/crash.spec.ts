// Provisioning killed at each step of each change: after the restart there is no orphan, the change is done or not done, and
// the same request again brings it about (issue: no transactions over streams, subscriber-process.ts).
import { createMortalFixture, Killed, type Mortal, revive } from './crash.fixture.js';
import { type Fixture, KEPT_MS, orphans } from './provisioning.fixture.js';

const IRS = '11111111-1111-8111-8111-111111111111';
const [ALICE, BOB, TEL] = ['sip:alice@ims.test', 'sip:bob@ims.test', 'tel:+12025550101'] as const;
const IMPI = 'alice@ims.test';
const xml = (impu: string, inner = '') =>
  `<PublicIdentity><Identity>${impu}</Identity>${inner}</PublicIdentity>`;
const IFC =
  '<ServiceProfile><InitialFilterCriteria><Priority>0</Priority><ApplicationServer><ServerName>sip:as</ServerName>' +
  '</ApplicationServer></InitialFilterCriteria></ServiceProfile>';

type Made = Readonly<{ irs: string; serviceProfile: string; lone: string }>;
type Change = (fixture: Fixture, made: Made) => Promise<unknown>;

/** Alice with two identities and two sets that her private identity is linked to, and a third that it is not. */
const prepare = async ({ provisioning }: Fixture): Promise<Made> => {
  const made = await provisioning.provisionSubscriber({ impi: IMPI, impus: [ALICE, TEL], password: 'one' });
  const [second, lone] = [await provisioning.createSet(), await provisioning.createSet()].map(
    ({ location }) => (location ?? '').split('/')[2] ?? '',
  );
  await provisioning.linkPrivate({ irs: second ?? '', impi: IMPI });
  return { ...made, lone: lone ?? '' };
};

const CHANGES: Readonly<Record<string, Change>> = {
  'PUT /private (new)': ({ provisioning }) =>
    provisioning.putPrivate({ impi: 'bob@ims.test', body: { plaintext_password: 'x' } }),
  'PUT /private (another password)': ({ provisioning }) =>
    provisioning.putPrivate({ impi: IMPI, body: { plaintext_password: 'two' } }),
  'DELETE /private (linked twice)': ({ provisioning }) => provisioning.deletePrivate(IMPI),
  'PUT a link': ({ provisioning }, { lone }) => provisioning.linkPrivate({ irs: lone, impi: IMPI }),
  'DELETE a link': ({ provisioning }, { irs }) => provisioning.unlinkOrNothing({ irs, impi: IMPI }),
  'POST /irs': ({ provisioning }) => provisioning.createSet({ idempotencyKey: 'new' }),
  'DELETE /irs (two identities)': ({ provisioning }, { irs }) => provisioning.deleteSet(irs),
  'POST a service profile': ({ provisioning }, { irs }) =>
    provisioning.createServiceProfile({ irs, idempotencyKey: 'new' }),
  'DELETE a service profile (two identities)': async ({ provisioning }, { irs, serviceProfile }) => {
    await provisioning.deleteServiceProfile({ irs, serviceProfile }).catch((error: unknown) => {
      // A repeat of what was done already.
      if ((error as { status?: number }).status !== 404) throw error;
    });
  },
  'PUT a public identity (new)': ({ provisioning }, made) =>
    provisioning.putPublicId({ ...made, impu: BOB, xml: xml(BOB) }),
  'PUT a public identity (another element)': ({ provisioning }, made) =>
    provisioning.putPublicId({
      ...made,
      impu: ALICE,
      xml: xml(ALICE, '<BarringIndication>1</BarringIndication>'),
    }),
  'DELETE a public identity': ({ provisioning }, made) => provisioning.deletePublicId({ ...made, impu: TEL }),
  'PUT filter criteria': ({ provisioning }, made) => provisioning.putFilterCriteria({ ...made, xml: IFC }),
  'a whole subscriber': ({ provisioning }) =>
    provisioning.provisionSubscriber({
      impi: 'bob@ims.test',
      impus: [BOB, 'tel:+12025550102'],
      password: 'x',
      ifcXml: IFC,
    }),
};

/** What is provisioned, without ids that chance made. */
const picture = async ({ ports, provisioning }: Fixture): Promise<unknown> => {
  const sets: unknown[] = [];
  for await (const { state } of ports.profiles.sets()) {
    const profiles = state.serviceProfiles.map(({ publicIdentities, filterCriteriaXml }) => ({
      publicIdentities,
      filterCriteriaXml,
    }));
    sets.push(JSON.stringify({ profiles, privateIds: state.privateIds }));
  }
  const secrets: unknown[] = [];
  for await (const { impi } of ports.profiles.credentialsInForce()) {
    secrets.push([impi, (await provisioning.getPrivate(impi)).body]);
  }
  return { sets: sets.sort(), secrets };
};

/** The change at a process that dies at a step; false when it has fewer steps. */
const killedAt = async (change: Change, at: number, late: boolean): Promise<[Mortal, Made] | undefined> => {
  const mortal = await createMortalFixture();
  const made = await prepare(mortal.fixture);
  mortal.arm({ at, late });
  try {
    await change(mortal.fixture, made);
    if (mortal.steps() < at) return undefined;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  return [mortal, made];
};

/** What the store holds beside secrets in force when all was kept for long enough. */
const keptForNothing = async ({ clock, ports, provisioning }: Fixture): Promise<string[]> => {
  clock.advance(KEPT_MS + 1);
  await provisioning.sweepSecrets();
  const held = new Set<string>();
  for await (const { versionId } of ports.credentials.versions()) held.add(versionId);
  for await (const { version } of ports.profiles.credentialsInForce()) held.delete(version);
  return [...held];
};

const STEPS_MAX = 60;

describe.each(Object.entries(CHANGES))('%s, killed at each step', (name, change) => {
  it.each([
    ['before it', false, false],
    ['after it, the view kept', true, true],
    ['after it, the view rebuilt', true, false],
  ])('%s', async (_when, late, keepView) => {
    const whole = await createMortalFixture();
    const madeThere = await prepare(whole.fixture);
    const before = await picture(whole.fixture);
    await change(whole.fixture, madeThere);
    const after = await picture(whole.fixture);

    let steps = 0;
    for (let at = 1; at <= STEPS_MAX; at++) {
      const killed = await killedAt(change, at, late);
      if (!killed) break;
      steps = at;
      const [mortal, made] = killed;
      const revived = await revive(mortal, keepView);
      expect([at, await orphans(revived)]).toEqual([at, []]);
      const left = JSON.stringify(await picture(revived));
      await change(revived, made);
      expect([at, await orphans(revived)]).toEqual([at, []]);
      expect([at, await picture(revived)]).toEqual([at, after]);
      expect([at, await keptForNothing(revived)]).toEqual([at, []]);
      // A credential alone is something that can be asked for by itself.
      if (name !== 'a whole subscriber')
        expect([JSON.stringify(before), JSON.stringify(after)]).toContain(left);
    }
    expect(steps).toBeGreaterThan(1);
    expect(steps).toBeLessThan(STEPS_MAX);
  });
});

describe('what is younger than the grace', () => {
  it('is left to the request that is under way', async () => {
    const { fixture } = await createMortalFixture();
    const { ports, provisioning } = fixture;
    await prepare(fixture);
    await ports.log.append(`identity-${BOB}`, [{ type: 'IdentityReserved', data: { impu: BOB, irs: IRS } }]);
    await ports.profiles.catchUp(`identity-${BOB}`);
    await ports.credentials.put('v-new', { kind: 'digest', impi: 'x', realm: 'r', ha1Md5: 'h' });
    const nothing = { reservationsReleased: 0, linksRemoved: 0, versionsLetGo: 0, undecided: 0 };
    expect(await provisioning.finishInterrupted({ graceMs: 60_000 })).toEqual(nothing);
    expect(await provisioning.finishInterrupted()).toEqual({
      ...nothing,
      reservationsReleased: 1,
      versionsLetGo: 1,
    });
    expect(await orphans(fixture)).toEqual([]);
  });

  it('is left alone too when its stream cannot be folded', async () => {
    const { fixture } = await createMortalFixture();
    const { ports, provisioning } = fixture;
    await prepare(fixture);
    const odd = { type: 'CredentialOfTheFuture', data: { impi: IMPI, version: 'v-new' } };
    await ports.log.append(`credential-${IMPI}`, [odd], { expected: 1 });
    await ports.credentials.put('v-new', { kind: 'digest', impi: IMPI, realm: 'r', ha1Md5: 'h' });
    expect(await provisioning.finishInterrupted()).toMatchObject({ versionsLetGo: 0, undecided: 1 });
    await ports.credentials.retire('v-new');
    fixture.clock.advance(2 * KEPT_MS);
    expect(await provisioning.sweepSecrets()).toBe(0);
    expect(await ports.credentials.get('v-new')).toBeDefined();
  });
});
