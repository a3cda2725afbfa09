// simservs documents over HTTP: kept as given, named by an entity tag, refused when they are none.
import { createMemoryLog } from '#libs/event-log';
import { silentLogger, startHttp } from '#libs/runtime';
import { createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createOpenApiCheck, createSeededRandom } from '#libs/testkit';
import { type DocumentRow, DocumentsByUser } from '#projections/documents-by-user';
import { createUserDocuments } from './handlers/user-documents.js';
import { HomesteadProvModule } from './homestead-prov.module.js';
import { createFixture } from './provisioning.fixture.js';

const setUp = async () => {
  const clock = createFakeClock();
  const log = await createMemoryLog({ clock, random: createSeededRandom(1) });
  const table = createMemoryTableStore<DocumentRow>({ name: 'documents' });
  const documents = new DocumentsByUser({ table, readStream: (stream, from) => log.read(stream, from) });
  const { provisioning } = await createFixture();
  const server = await startHttp({
    module: HomesteadProvModule.forRoot(provisioning, createUserDocuments({ log, documents, clock })),
    host: '127.0.0.1',
    port: 0,
    title: 'Homestead Prov',
    role: 'provisioning',
    logger: silentLogger,
  });
  const openApi = createOpenApiCheck(server.openApi());
  const ask = async (method: 'GET' | 'PUT' | 'DELETE', user: string, body?: string, match?: string) => {
    const path = `/org.etsi.ngn.simservs/users/${encodeURIComponent(user)}/simservs.xml`;
    const conditions = match === undefined ? {} : { 'if-match': match };
    const payload = body === undefined ? { headers: conditions } : { headers: { 'content-type': 'application/xml', ...conditions }, payload: body };
    const { statusCode: status, body: text, headers: got } = await server.app.inject({ method, url: path, ...payload });
    openApi.check({ method, path, status, contentType: String(got['content-type'] ?? ''), body: text });
    return { status, text, etag: got.etag };
  };
  return { ask, documents, log, close: () => server.close() };
}; // prettier-ignore

const ALICE = 'sip:alice@ims.test';
const ID = `${ALICE}/org.etsi.ngn.simservs`;
const document = (service: string): string => `<simservs><${service} active="true"/></simservs>`;

it('keeps a document as it was given; readers see it at once', async () => {
  const { ask, documents, close } = await setUp();
  expect((await ask('GET', ALICE)).status).toBe(404);
  expect(await ask('PUT', ALICE, document('communication-waiting'))).toMatchObject({ status: 200, etag: '"1"' });
  expect(documents.peek(ID)).toBe(document('communication-waiting'));
  expect(await ask('GET', ALICE)).toMatchObject({ text: document('communication-waiting'), etag: '"1"' });
  expect((await ask('DELETE', ALICE)).status).toBe(204);
  expect((await ask('DELETE', ALICE)).status).toBe(204);
  expect((await ask('GET', ALICE)).status).toBe(404);
  expect(documents.peek(ID)).toBeNull();
  await close();
}); // prettier-ignore

it('changes only what the entity tag names', async () => {
  const { ask, close } = await setUp();
  await ask('PUT', ALICE, document('communication-waiting'));
  expect((await ask('PUT', ALICE, document('communication-diversion'), '"1"')).etag).toBe('"2"');
  expect((await ask('PUT', ALICE, document('communication-waiting'), '"1"')).status).toBe(412);
  expect((await ask('DELETE', ALICE, undefined, '"1"')).status).toBe(412);
  expect((await ask('DELETE', ALICE, undefined, 'any')).status).toBe(400);
  expect((await ask('GET', ALICE)).etag).toBe('"2"');
  expect((await ask('DELETE', ALICE, undefined, '"2"')).status).toBe(204);
  expect((await ask('DELETE', ALICE, undefined, '"2"')).status).toBe(412);
  await close();
});

it('refuses what is no simservs, has entities or a document type, or is of nobody', async () => {
  const { ask, log, close } = await setUp();
  for (const body of ['', 'x', '<x/>', '<!DOCTYPE simservs><simservs/>', '<simservs>&x;</simservs>'])
    expect((await ask('PUT', ALICE, body)).status).toBe(400);
  expect((await ask('PUT', 'mailto:alice@ims.test', document('x'))).status).toBe(400);
  const events = [];
  for await (const recorded of log.readAll(['provisioning'], 'oldest')) events.push(recorded);
  expect(events).toEqual([]);
  await close();
});
