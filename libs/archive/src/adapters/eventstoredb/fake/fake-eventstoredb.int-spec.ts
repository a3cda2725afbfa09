// The stand-in for EventStoreDB under its own client: what the product does not use of it, but analysts' programs do.
import type { AllStreamSubscription, EventStoreDBClient, JSONEventType } from '@eventstore/db-client';
import driver from '@eventstore/db-client';
import { type FakeEventStoreDb, startFakeEventStoreDb } from './fake-eventstoredb.fixture.js';

type Made = JSONEventType<'Made', { n: number }>;
const { jsonEvent, streamNameFilter, WrongExpectedVersionError } = driver;
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const made = (n: number) => jsonEvent<Made>({ id: id(n), type: 'Made', data: { n } });
type Resolved = Readonly<{ event?: { data: unknown } }>;
type Read = AsyncIterable<Resolved> &
  Readonly<{ cancel?: () => Promise<void>; unsubscribe?: () => Promise<void> }>;

/** The numbers of the first events; the read is ended then, since leaving it does not end the call. */
const first = async (events: Read, count: number): Promise<unknown[]> => {
  const numbers: unknown[] = [];
  for await (const { event } of events) {
    numbers.push((event?.data as { n: number }).n);
    if (numbers.length === count) break;
  }
  await (events.cancel ?? events.unsubscribe)?.call(events);
  return numbers;
};

let fake: FakeEventStoreDb;
let client: EventStoreDBClient;
beforeEach(async () => {
  fake = await startFakeEventStoreDb();
  client = driver.EventStoreDBClient.connectionString(fake.url);
});
afterEach(async () => {
  await client.dispose();
  fake.kill();
});

it('takes batches, and refuses one that it knows in part', async () => {
  const append = (expectedRevision: 'no_stream' | 'any' | bigint, ...numbers: number[]) =>
    client.appendToStream('call-a', numbers.map(made), { expectedRevision });
  expect(await append('no_stream', 1, 2)).toMatchObject({ success: true, nextExpectedRevision: 1n });
  expect(await append('no_stream', 1, 2)).toMatchObject({ success: true, nextExpectedRevision: 1n });
  await expect(append('no_stream', 1, 2, 3)).rejects.toThrow(WrongExpectedVersionError);
  await expect(append(5n, 3)).rejects.toThrow(WrongExpectedVersionError);
  expect(await append('any', 3)).toMatchObject({ nextExpectedRevision: 2n });
  expect(fake.node.store.all).toHaveLength(3);
});

it('reads everything both ways, from a place on', async () => {
  await client.appendToStream('call-a', [1, 2].map(made));
  await client.appendToStream('call-b', [3].map(made));
  expect(await first(client.readAll(), 3)).toEqual([1, 2, 3]);
  expect(await first(client.readAll({ direction: 'backwards', fromPosition: 'end' }), 2)).toEqual([3, 2]);
  const fromPosition = { commit: 1n, prepare: 1n };
  expect(await first(client.readAll({ fromPosition }), 2)).toEqual([2, 3]);
  expect(await first(client.readStream('call-a', { fromRevision: 1n }), 1)).toEqual([2]);
});

it('lets who subscribes catch up and go on, on a stream and on everything', async () => {
  await client.appendToStream('call-a', [1, 2].map(made));
  const stream = client.subscribeToStream('call-a', { fromRevision: 0n });
  const all: AllStreamSubscription = client.subscribeToAll({
    filter: streamNameFilter({ prefixes: ['call-b'] }),
  });
  const [ofStream, ofAll] = [first(stream, 2), first(all, 1)];
  await client.appendToStream('call-a', [3].map(made));
  await client.appendToStream('call-b', [4].map(made));
  expect(await ofStream).toEqual([2, 3]);
  expect(await ofAll).toEqual([4]);
});

it('keeps what a group has not acknowledged, sends it again, and parks what is refused', async () => {
  const settings = driver.persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: 'start' });
  await client.createPersistentSubscriptionToStream('call-a', 'readers', settings);
  await expect(client.createPersistentSubscriptionToStream('call-a', 'readers', settings)).rejects.toThrow(
    driver.PersistentSubscriptionExistsError,
  );
  await client.appendToStream('call-a', [1, 2, 3].map(made));
  const seen: [unknown, number][] = [];
  const group = client.subscribeToPersistentSubscriptionToStream<Made>('call-a', 'readers');
  for await (const resolved of group) {
    const { event, retryCount } = resolved;
    seen.push([event?.data.n, retryCount]);
    if (event?.data.n === 1) await group.ack(resolved);
    else if (event?.data.n === 2 && retryCount === 0) await group.nack('retry', 'later', resolved);
    else if (event?.data.n === 2) await group.nack('park', 'never', resolved);
    if (seen.length === 4) break;
  }
  await group.unsubscribe();
  expect(seen).toEqual([[1, 0], [2, 0], [3, 0], [2, 1]]); // prettier-ignore
  expect(await firstOfGroup()).toEqual([3]);
  expect(fake.groups.parkedOf('call-a', 'readers')).toEqual([id(2)]);
  await client.deletePersistentSubscriptionToStream('call-a', 'readers');
});

/** The server learns a moment later that the last one left. */
const firstOfGroup = async (): Promise<unknown[]> => {
  for (;;) {
    try {
      return await first(client.subscribeToPersistentSubscriptionToStream<Made>('call-a', 'readers'), 1);
    } catch (error) {
      if (!(error instanceof driver.PersistentSubscriptionMaximumSubscribersReachedError)) throw error;
    }
  }
};
