// The document view: the same whatever order and how often its events come, and changed for readers of this process by
// the time apply resolves.
import fc from 'fast-check';
import type { DocumentEvent } from '#libs/domain';
import { createMemoryTableStore } from '#libs/stores';
import type { DocumentFact, DocumentRow } from './documents-by-user.js';
import { DocumentsByUser } from './documents-by-user.store.js';

const NAME = { impu: 'sip:alice@ims.test', auid: 'x' };
const ID = 'sip:alice@ims.test/x';
const STREAM = `document-${ID}`;
const fact = (revision: number, xml?: string, stream = STREAM): DocumentFact => ({
  event:
    xml === undefined
      ? ({ type: 'DocumentRemoved', data: NAME } satisfies DocumentEvent)
      : ({ type: 'DocumentChanged', data: { ...NAME, xml } } satisfies DocumentEvent),
  stream,
  position: { generation: 1, partition: 0, offset: revision * 10 },
  revision,
  timeMs: revision,
});
const setUp = (log: readonly DocumentFact[] = [], cacheMax?: number) => {
  const table = createMemoryTableStore<DocumentRow>({ name: 'documents' });
  async function* readStream(stream: string, from: number): AsyncGenerator<DocumentFact> {
    for (const one of log)
      if (one.stream === stream && (one.revision ?? 0) >= from) yield await Promise.resolve(one);
  }
  const ports = { table, readStream, ...(cacheMax === undefined ? {} : { cacheMax }) };
  return { table, documents: new DocumentsByUser(ports) };
};

it('shows what was written, and that there is nothing', async () => {
  const { documents } = setUp();
  expect(documents.peek(ID)).toBeUndefined();
  expect(await documents.xml(ID)).toBeUndefined();
  expect(documents.peek(ID)).toBeNull();
  await documents.apply([fact(1, '<a/>')]);
  expect(documents.peek(ID)).toBe('<a/>');
  await documents.apply([fact(2)]);
  expect([documents.peek(ID), await documents.xml(ID)]).toEqual([null, undefined]);
  expect((await documents.head(STREAM))?.revision).toBe(2);
});

it('passes over what is not a document', async () => {
  const { documents, table } = setUp();
  await documents.apply([fact(1, '<a/>', 'subscriber-1')], { generation: 1, partition: 0, offset: 7 });
  expect(await table.scan({ limit: 9 })).toEqual([]);
  expect(await documents.checkpoint()).toEqual({ generation: 1, partition: 0, offset: 7 });
});

it('ends the same whatever of its history comes again', async () => {
  const history = [fact(1, '<a/>'), fact(2, '<b/>'), fact(3), fact(4, '<d/>')];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 12 }), async (again) => {
      const { documents } = setUp();
      await documents.apply(history);
      for (const at of again) await documents.apply([history[at]!]);
      expect(await documents.xml(ID)).toBe('<d/>');
    }),
  );
});

it('does not remember what was read before a change', async () => {
  const { documents, table } = setUp();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { get } = table;
  table.get = async (key) => {
    const row = await get.call(table, key);
    await held;
    return row;
  };
  const early = documents.xml(ID);
  await documents.apply([fact(1, '<a/>')]);
  release();
  await early;
  expect(documents.peek(ID)).toBe('<a/>');
});

it('catches up with another writer, is bounded in memory, and can be folded anew', async () => {
  const { documents } = setUp([fact(1, '<a/>'), fact(2, '<b/>')], 1);
  await documents.apply([fact(1, '<a/>')]);
  await documents.catchUp(STREAM);
  expect(documents.peek(ID)).toBe('<b/>');
  await documents.xml('other/x');
  expect(documents.peek(ID)).toBeUndefined();
  expect(await documents.xml(ID)).toBe('<b/>');
  await documents.clear();
  expect(await documents.xml(ID)).toBeUndefined();
});
