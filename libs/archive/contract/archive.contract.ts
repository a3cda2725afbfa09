// What every archive must do. Called by the spec of each adapter with a way to make and drop one.
import { StoreUnavailable } from '#libs/stores';
import {
  type Archive,
  ArchiveConflict,
  type ArchivedEntry,
  type ArchiveEntry,
  ENTRIES_PER_APPEND_MAX,
  EntriesRefused,
} from '../src/archive.port.js';

export type ArchiveUnderTest = Readonly<{
  /** Another connection to the same archive. */
  open: () => Promise<Archive>;
  end: () => Promise<void>;
}>;

/** The same number is the same entry. */
const entry = (n: number): ArchiveEntry => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  type: `clearwater.registration.Happened.v1`,
  data: { n, text: 'Zoë "quoted"\n🙂', nested: { list: [1, null, { a: '' }] } },
  about: { specversion: '1.0', id: `log-${n}`, position: { generation: 1, partition: 0, offset: n } },
});
const entries = (...numbers: number[]): ArchiveEntry[] => numbers.map(entry);

const collect = async (all: AsyncIterable<ArchivedEntry>): Promise<ArchivedEntry[]> => {
  const collected: ArchivedEntry[] = [];
  for await (const one of all) collected.push(one);
  return collected;
};
const numbers = async (all: AsyncIterable<ArchivedEntry>): Promise<number[]> =>
  (await collect(all)).map(({ data }) => (data as { n: number }).n);

export const describeArchive = (name: string, make: () => Promise<ArchiveUnderTest>): void => {
  describe(`archive: ${name}`, () => {
    let under: ArchiveUnderTest;
    let archive: Archive;
    beforeEach(async () => {
      under = await make();
      archive = await under.open();
    });
    afterEach(async () => {
      await archive.close();
      await under.end();
    });

    describeReading();
    describe('what is expected', describeExpectations);

    function describeReading(): void {
      it('gives back what was written, in order, forwards and backwards', async () => {
        await archive.append('registration-a', entries(1, 2), 0);
        await archive.append('registration-b', entries(10), 0);
        await archive.append('registration-a', entries(3), 2);
        expect(await collect(archive.read('registration-a'))).toEqual(
          entries(1, 2, 3).map((one, at) => ({ ...one, stream: 'registration-a', ordinal: at + 1 })),
        );
        expect(await numbers(archive.read('registration-a', 'backwards'))).toEqual([3, 2, 1]);
        expect(await archive.newest('registration-a')).toMatchObject({ ...entry(3), ordinal: 3 });
        expect(await numbers(archive.readAll())).toEqual([1, 2, 10, 3]);
      });

      it('reads nothing of a stream that is not there', async () => {
        expect(await archive.newest('registration-nobody')).toBeUndefined();
        expect(await numbers(archive.read('registration-nobody'))).toEqual([]);
        expect(await numbers(archive.readAll())).toEqual([]);
      });

      it('takes names as they are', async () => {
        const stream = 'document-sip:zoë@ims.test/simservs.ngn.etsi.org/a b?c=%20';
        await archive.append(stream, entries(1), 0);
        const [read] = await collect(archive.read(stream));
        expect(read).toMatchObject({ stream, ordinal: 1 });
        expect((await collect(archive.readAll()))[0]?.stream).toBe(stream);
      });

      it('may be left in the middle of reading', async () => {
        await archive.append('call-a', entries(...Array.from({ length: 400 }, (_, n) => n)), 0);
        for await (const { ordinal } of archive.read('call-a')) if (ordinal === 3) break;
        expect(await numbers(archive.read('call-a', 'backwards'))).toHaveLength(400);
      });

      it('is the same to everybody', async () => {
        const other = await under.open();
        await archive.append('call-a', entries(1), 0);
        expect(await numbers(other.read('call-a'))).toEqual([1]);
        await expect(other.append('call-a', entries(2), 0)).rejects.toThrow(ArchiveConflict);
        await other.close();
      });

      it('takes nothing any more once it is closed', async () => {
        await archive.append('call-a', entries(1), 0);
        await archive.close();
        await expect(archive.append('call-a', entries(2), 1)).rejects.toThrow(StoreUnavailable);
        await expect(archive.newest('call-a')).rejects.toThrow(StoreUnavailable);
        archive = await under.open();
        expect(await numbers(archive.read('call-a'))).toEqual([1]);
      });
    }

    function describeExpectations(): void {
      const after = async (expected: number | 'anywhere', ...more: number[]): Promise<unknown> => {
        const outcome = await archive.append('call-a', entries(...more), expected).catch((error: unknown) => error);
        return { outcome: outcome instanceof ArchiveConflict ? 'conflict' : outcome, holds: await numbers(archive.read('call-a')) };
      }; // prettier-ignore

      beforeEach(() => archive.append('call-a', entries(1, 2, 3), 0));

      it('refuses what is expected behind the end, or before it', async () => {
        const holds = [1, 2, 3];
        expect(await after(4, 4)).toEqual({ outcome: 'conflict', holds });
        expect(await after(2, 4)).toEqual({ outcome: 'conflict', holds });
        expect(await after(0, 4)).toEqual({ outcome: 'conflict', holds });
      });

      it('knows again what is there at the same places, whole or as a part of what came after', async () => {
        const holds = [1, 2, 3];
        expect(await after(0, 1, 2, 3)).toEqual({ outcome: undefined, holds });
        expect(await after(0, 1)).toEqual({ outcome: undefined, holds });
        expect(await after(1, 2, 3)).toEqual({ outcome: undefined, holds });
      });

      it('refuses a batch that it knows in part, and one that is there at other places', async () => {
        const holds = [1, 2, 3];
        expect(await after(1, 2, 3, 4)).toEqual({ outcome: 'conflict', holds });
        expect(await after(2, 3, 4)).toEqual({ outcome: 'conflict', holds });
        expect(await after(0, 2, 3)).toEqual({ outcome: 'conflict', holds });
        expect(await after(1, 2, 4)).toEqual({ outcome: 'conflict', holds });
      });

      it('takes anything where the end does not matter, and knows it again', async () => {
        expect(await after('anywhere', 4)).toEqual({ outcome: undefined, holds: [1, 2, 3, 4] });
        expect(await after('anywhere', 4)).toEqual({ outcome: undefined, holds: [1, 2, 3, 4] });
        expect(await after('anywhere', 4, 5)).toEqual({ outcome: 'conflict', holds: [1, 2, 3, 4] });
      });

      it('lets one of many that race win', async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 8 }, (_, n) => archive.append('call-a', entries(100 + n), 3)),
        );
        const refused = outcomes.filter((each) => each.status === 'rejected');
        expect(refused.every(({ reason }) => reason instanceof ArchiveConflict)).toBe(true);
        expect(refused).toHaveLength(7);
        expect(await numbers(archive.read('call-a'))).toHaveLength(4);
      });

      it('writes all of an append or nothing, up to its bound', async () => {
        const many = Array.from({ length: ENTRIES_PER_APPEND_MAX }, (_, n) => 1_000 + n);
        await expect(archive.append('call-b', entries(...many, 1), 0)).rejects.toThrow(EntriesRefused);
        expect(await numbers(archive.read('call-b'))).toEqual([]);
        await archive.append('call-b', entries(...many), 0);
        expect(await numbers(archive.read('call-b'))).toEqual(many);
      });
    }
  });
};
