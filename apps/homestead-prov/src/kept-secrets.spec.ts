// Secrets that are named no longer: kept for a time, for a log that is gone back to (docs/backup.md), and then gone; never in force meanwhile.
import { createMemoryLog, type RecordedEvent } from '#libs/event-log';
import { retiredVersions } from '#libs/stores';
import { createSeededRandom } from '#libs/testkit';
import { createFixture, type Fixture, KEPT_MS, logged, orphans, restarted } from './provisioning.fixture.js';

const ALICE = 'alice@ims.test';
const BOB = 'bob@ims.test';

const setPassword = ({ provisioning }: Fixture, impi: string, plaintext_password: string) =>
  provisioning.putPrivate({ impi, body: { plaintext_password } });
const ha1 = async ({ provisioning }: Fixture, impi: string): Promise<string> =>
  JSON.stringify((await provisioning.getPrivate(impi)).body);
const held = async ({ ports }: Fixture): Promise<number> => {
  let count = 0;
  for await (const _version of ports.credentials.versions()) count++;
  return count;
};

/** The programs started on a log that holds no more than these events, beside the same credential store. */
const goneBackTo = async (fixture: Fixture, events: readonly RecordedEvent[]): Promise<Fixture> => {
  const log = await createMemoryLog({ clock: fixture.clock, random: createSeededRandom(11) });
  for (const { stream, event } of events) await log.append(stream, [event]);
  return restarted(fixture, log);
};

it('is there for a log that is gone back to, and stays while that log names it', async () => {
  const fixture = await createFixture();
  await setPassword(fixture, ALICE, 'one');
  await setPassword(fixture, BOB, 'one');
  const then = [await ha1(fixture, ALICE), await ha1(fixture, BOB)];
  const moment = await logged(fixture);
  await setPassword(fixture, ALICE, 'two');
  await fixture.provisioning.deletePrivate(BOB);
  fixture.clock.advance(KEPT_MS - 1);
  expect(await fixture.provisioning.sweepSecrets()).toBe(0);

  const back = await goneBackTo(fixture, moment);
  expect([await ha1(back, ALICE), await ha1(back, BOB)]).toEqual(then);
  // What only the log that was left names goes in its time; what is in force again does not, however long ago it was let go.
  back.clock.advance(2 * KEPT_MS);
  expect(await back.provisioning.sweepSecrets()).toBe(1);
  expect([await ha1(back, ALICE), await ha1(back, BOB), await held(back)]).toEqual([...then, 2]);
});

it('is kept for as long again when a log that was gone back to lets it go anew', async () => {
  const fixture = await createFixture();
  await setPassword(fixture, ALICE, 'one');
  const moment = await logged(fixture);
  await setPassword(fixture, ALICE, 'two');
  fixture.clock.advance(KEPT_MS - 1);
  const back = await goneBackTo(fixture, moment);
  back.clock.advance(2);
  await setPassword(back, ALICE, 'three');
  expect(await back.provisioning.sweepSecrets()).toBe(0);
  expect(await ha1(await goneBackTo(back, moment), ALICE)).toContain('digest_ha1');
});

it('is never in force: neither the former password, nor that of who was deleted', async () => {
  const fixture = await createFixture();
  await setPassword(fixture, ALICE, 'one');
  const former = await ha1(fixture, ALICE);
  await setPassword(fixture, ALICE, 'two');
  expect(await ha1(fixture, ALICE)).not.toBe(former);
  await fixture.provisioning.deletePrivate(ALICE);
  await expect(fixture.provisioning.getPrivate(ALICE)).rejects.toMatchObject({ status: 404 });
  expect(await held(fixture)).toBe(2);
});

it('is gone for good after its time, and starts in between do not keep it for longer', async () => {
  let fixture = await createFixture();
  await setPassword(fixture, ALICE, 'one');
  await setPassword(fixture, ALICE, 'two');
  for (let day = 1; day <= 4; day++) {
    fixture.clock.advance(KEPT_MS / 4 + 1);
    fixture = await restarted(fixture);
  }
  expect(await fixture.provisioning.sweepSecrets()).toBe(1);
  expect([await held(fixture), await orphans(fixture)]).toEqual([1, []]);
});

it('goes at once where nothing is to be kept', async () => {
  const fixture = await createFixture({ credentialKeptMs: 0 });
  await setPassword(fixture, ALICE, 'one');
  await setPassword(fixture, ALICE, 'two');
  expect(await held(fixture)).toBe(1);
  await fixture.provisioning.deletePrivate(ALICE);
  expect(await held(fixture)).toBe(0);
});

it('goes although another one does not open', async () => {
  const fixture = await createFixture();
  const { credentials } = fixture.ports;
  for (const password of ['one', 'two', 'three']) await setPassword(fixture, ALICE, password);
  const [damaged] = await retiredVersions(credentials);
  const { get } = credentials;
  credentials.get = (version) => (version === damaged ? Promise.reject(new Error('does not open')) : get(version));
  fixture.clock.advance(KEPT_MS);
  await expect(fixture.provisioning.sweepSecrets()).rejects.toThrow(/1 retired/);
  expect(await held(fixture)).toBe(2);
}); // prettier-ignore
