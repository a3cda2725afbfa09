// The archive's contract over EventStoreDB's protocol, with the client that the product uses. The stand-in answers; TEST_EVENTSTOREDB
// (esdb://…) names a real server instead, which may hold other things.
import { systemClock, systemRandom } from '#libs/runtime';
import { describeArchive } from '../../../contract/archive.contract.js';
import type { Archive, ArchivedEntry } from '../../archive.port.js';
import { openEventStoreDb } from './eventstoredb-archive.js';
import { startFakeEventStoreDb } from './fake/fake-eventstoredb.fixture.js';

/** The streams of one test among those of others. */
const scoped = (archive: Archive, prefix: string): Archive => {
  async function* own(entries: AsyncIterable<ArchivedEntry>): AsyncGenerator<ArchivedEntry> {
    for await (const entry of entries)
      if (entry.stream.startsWith(prefix)) yield { ...entry, stream: entry.stream.slice(prefix.length) };
  }
  return {
    append: (stream, entries, expected) => archive.append(prefix + stream, entries, expected),
    async newest(stream) {
      const entry = await archive.newest(prefix + stream);
      return entry && { ...entry, stream };
    },
    read: (stream, direction) => own(archive.read(prefix + stream, direction)),
    readAll: () => own(archive.readAll()),
    close: () => archive.close(),
  };
};

describeArchive('EventStoreDB', async () => {
  const real = process.env['TEST_EVENTSTOREDB'];
  const fake = real === undefined ? await startFakeEventStoreDb() : undefined;
  const prefix = `test${systemRandom.token(10)}:`;
  return {
    open: async () =>
      scoped(await openEventStoreDb({ url: fake?.url ?? real ?? '', clock: systemClock }), prefix),
    end: () => Promise.resolve(fake?.kill()),
  };
});
