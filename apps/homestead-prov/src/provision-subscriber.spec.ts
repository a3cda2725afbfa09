// A whole subscriber at once, as the all-in-one's demo and the tests of others make theirs.
import { parseImsSubscription } from '#libs/homestead-client';
import { createFixture, logged, restarted } from './provisioning.fixture.js';

const ALICE = {
  impi: 'alice@ims.test',
  impus: ['sip:alice@ims.test', 'tel:+12025550101'],
  password: 'secret',
};

describe('provisionSubscriber', () => {
  it('makes a subscriber who can be found by each identity, and whom a restart finds again', async () => {
    const made = await createFixture();
    const { irs } = await made.provisioning.provisionSubscriber(ALICE);
    for (const fixture of [made, await restarted(made)]) {
      const { profiles } = fixture.ports;
      const profile = await profiles.identity('sip:alice@ims.test');
      expect(profile).toMatchObject({ irs });
      expect(await profiles.identity('tel:+12025550101')).toBe(profile);
      expect([...(profile?.privateIds ?? [])]).toEqual(['alice@ims.test']);
      const parsed = parseImsSubscription(profile?.xml ?? '');
      expect(parsed).toMatchObject({
        ok: true,
        value: {
          serviceProfiles: [
            { publicIdentities: [{ identity: ALICE.impus[0] }, { identity: ALICE.impus[1] }] },
          ],
        },
      });
    }
  });

  it('changes nothing when repeated', async () => {
    const fixture = await createFixture();
    const { provisioning } = fixture;
    const first = await provisioning.provisionSubscriber(ALICE);
    const before = await logged(fixture);
    expect(await provisioning.provisionSubscriber(ALICE)).toEqual(first);
    expect(await logged(fixture)).toEqual(before);
  });

  it('refuses an identity of another subscriber and gives back what it had reserved', async () => {
    const { ports, provisioning } = await createFixture();
    await provisioning.provisionSubscriber(ALICE);
    const bob = { impi: 'bob@ims.test', impus: ['sip:bob@ims.test', 'sip:alice@ims.test'], password: 'x' };
    await expect(provisioning.provisionSubscriber(bob)).rejects.toMatchObject({ reason: 'IdentityTaken' });
    expect(await ports.profiles.reservation('sip:bob@ims.test')).toBeUndefined();
  });
});
