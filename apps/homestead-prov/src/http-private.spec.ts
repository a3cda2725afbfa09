// The /private rows of backend.md §3, each by name, as mended.
import { type DigestCredential, retiredVersions } from '#libs/stores';
import { createHttpFixture, type HttpFixture, makeSubscriber, path, UNKNOWN } from './http.fixture.js';

// backend.md §12: HA1 of 6505550001@example.com, realm example.com, password secret.
const VECTOR = {
  impi: '6505550001@example.com',
  realm: 'example.com',
  ha1: 'beb3adcefb7d0157f22a415f4ce531c0',
};

let api: HttpFixture;
beforeAll(async () => {
  api = await createHttpFixture();
});
afterAll(() => api.close());

const ALICE = path('private', 'alice@ims.test');

describe('PUT /private/<impi>', () => {
  it('keeps HA1 of a password, with the realm given', async () => {
    const body = { plaintext_password: 'secret', realm: VECTOR.realm };
    expect(await api.ask('PUT', path('private', VECTOR.impi), { body })).toMatchObject({
      status: 200,
      text: '',
    });
    const shown = await api.ask('GET', path('private', VECTOR.impi));
    expect(shown.json).toEqual({ digest_ha1: VECTOR.ha1, realm: VECTOR.realm });
  });

  it('takes the home domain as realm, and digest_ha1 as it is', async () => {
    await api.ask('PUT', ALICE, { body: { digest_ha1: 'ABCDEF'.padEnd(32, '0') } });
    const shown = await api.ask('GET', ALICE);
    expect(shown.json).toEqual({ digest_ha1: 'abcdef'.padEnd(32, '0'), realm: 'ims.test' });
  });

  it('takes JSON without a content type, and a slash at the end', async () => {
    const body = JSON.stringify({ plaintext_password: 'other' });
    expect((await api.ask('PUT', `${ALICE}/`, { body })).status).toBe(200);
  });

  it.each([
    ['an empty body', undefined],
    ['an empty JSON body', ''],
    ['neither', {}],
    ['both', { digest_ha1: 'a'.repeat(32), plaintext_password: 'x' }],
    ['a HA1 that is none', { digest_ha1: 'xyz' }],
    ['an empty password', { plaintext_password: '' }],
    ['a password of the wrong type', { plaintext_password: 7 }],
    ['a password that is too long', { plaintext_password: 'x'.repeat(513) }],
    ['a realm with a quote', { plaintext_password: 'x', realm: 'a"b' }],
    ['a list', []],
    ['text that is not JSON', 'plaintext_password=x'],
  ])('is 400 for %s', async (_what, body) => {
    const reply = await api.ask('PUT', ALICE, body === undefined ? {} : { body });
    expect(reply).toMatchObject({
      status: 400,
      json: { error: true, status: 400, message: 'Bad Request', detail: {} },
    });
  });

  it('is 400 for a private identity that cannot be one', async () => {
    for (const impi of ['a b', '<x>', 'x'.repeat(600), 'a\nb']) {
      const reply = await api.ask('PUT', path('private', impi), { body: { plaintext_password: 'x' } });
      expect(reply.status).toBe(400);
    }
  });

  it('changes nothing when repeated, and a change is kept under a new version', async () => {
    const body = { plaintext_password: 'one' };
    await api.ask('PUT', ALICE, { body });
    const first = await api.ports.profiles.credential('alice@ims.test');
    await api.ask('PUT', ALICE, { body });
    expect(await api.ports.profiles.credential('alice@ims.test')).toEqual(first);
    await api.ask('PUT', ALICE, { body: { plaintext_password: 'two' } });
    const second = await api.ports.profiles.credential('alice@ims.test');
    expect(second?.version).not.toBe(first?.version);
    expect(await retiredVersions(api.ports.credentials)).toContain(first?.version);
    expect(await retiredVersions(api.ports.credentials)).not.toContain(second?.version);
  });

  it('keeps the SHA-256 HA1 where a password was given, and no secret in the log', async () => {
    await api.ask('PUT', ALICE, { body: { plaintext_password: 'very-secret' } });
    const version = await api.ports.profiles.credential('alice@ims.test');
    expect(version?.algorithms).toEqual(['MD5', 'SHA-256']);
    const secret = (await api.ports.credentials.get(version?.version ?? '')) as DigestCredential | undefined;
    expect(secret?.ha1Sha256).toMatch(/^[0-9a-f]{64}$/);
    let text = '';
    for await (const { event } of api.ports.log.readAll(['provisioning'], 'oldest'))
      text += JSON.stringify(event);
    for (const hidden of ['very-secret', secret?.ha1Md5, secret?.ha1Sha256])
      expect(text).not.toContain(hidden);
  });

  it('is 412 when the ETag of If-Match is not the newest', async () => {
    const { etag } = await api.ask('GET', ALICE);
    const change = (password: string, match: string) =>
      api.ask('PUT', ALICE, { body: { plaintext_password: password }, headers: { 'if-match': match } });
    expect((await change('three', etag ?? '')).status).toBe(200);
    expect((await change('four', etag ?? '')).status).toBe(412);
    expect((await change('five', '*')).status).toBe(200);
    expect((await change('six', 'W/x')).status).toBe(400);
  });
});

describe('a SIM', () => {
  const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
  const OP = 'cdc202d5123e20f62b6d676ac72cb318';
  const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
  const put = (aka: object) => api.ask('PUT', ALICE, { body: { aka } });
  const version = async () => (await api.ports.profiles.credential('alice@ims.test'))?.version ?? '';

  it('is kept by its keys, OP as OPc, and shown without them', async () => {
    expect((await put({ k: K.toUpperCase(), op: OP, sqn: '000000000400' })).status).toBe(200);
    expect(await api.ports.credentials.get(await version())).toEqual({
      kind: 'aka',
      impi: 'alice@ims.test',
      realm: 'ims.test',
      k: K,
      opc: OPC,
      amf: '8000',
      sqn: 0x400,
    });
    const shown = await api.ask('GET', ALICE);
    expect(shown.json).toEqual({ aka: { amf: '8000', sqn: '000000000400' }, realm: 'ims.test' });
  });

  it('leaves no key in the log', async () => {
    await put({ k: K, opc: OPC });
    let text = '';
    for await (const { event } of api.ports.log.readAll(['provisioning'], 'oldest'))
      text += JSON.stringify(event);
    for (const hidden of [K, OP, OPC]) expect(text).not.toContain(hidden);
    expect((await api.ports.profiles.credential('alice@ims.test'))?.algorithms).toEqual([]);
  });

  it('changes nothing when repeated, and goes on counting where something of it changes', async () => {
    await put({ k: K, opc: OPC });
    const first = await version();
    await api.ports.credentials.advanceSequence(first, undefined, 0x7e0);
    await put({ k: K, opc: OPC });
    expect(await version()).toBe(first);
    await put({ k: K, opc: OPC, amf: '8001' });
    expect(await version()).not.toBe(first);
    expect(await api.ports.credentials.get(await version())).toMatchObject({ amf: '8001', sqn: 0x7e0 });
    expect((await api.ask('GET', ALICE)).json).toMatchObject({ aka: { sqn: '0000000007e0' } });
    await put({ k: OPC, opc: OPC });
    expect(await api.ports.credentials.get(await version())).toMatchObject({ k: OPC, sqn: 0 });
  });

  it.each([
    { k: K },
    { opc: OPC },
    { k: K, opc: OPC, op: OP },
    { k: K.slice(1), opc: OPC },
    { k: K, opc: 'x'.repeat(32) },
    { k: K, opc: OPC, sqn: '1' },
    { k: K, opc: OPC, amf: 8000 },
    { k: K, opc: OPC, more: 1 },
  ])('is 400 with %j, which is not repeated', async (aka) => {
    const reply = await put(aka);
    expect(reply.status).toBe(400);
    expect(JSON.stringify(reply.json)).not.toMatch(/465b5|cd63c|cdc20/);
  });

  it('is 400 with a password besides', async () => {
    const body = { aka: { k: K, opc: OPC }, plaintext_password: 'x' };
    expect((await api.ask('PUT', ALICE, { body })).status).toBe(400);
  });
});

describe('a password in the clear', () => {
  it('is not kept', async () => {
    await api.ask('PUT', ALICE, { body: { plaintext_password: 'clear' } });
    expect((await api.ask('GET', ALICE)).json).not.toHaveProperty('plaintext_password');
  });

  it('is kept and shown where the operator asked for it; an update by digest blanks it', async () => {
    const keeping = await createHttpFixture({ storePlaintextPasswords: true });
    try {
      await keeping.ask('PUT', ALICE, { body: { plaintext_password: 'clear' } });
      const shown = (await keeping.ask('GET', ALICE)).json as { digest_ha1: string };
      expect(shown).toMatchObject({ plaintext_password: 'clear' });
      await keeping.ask('PUT', ALICE, { body: { digest_ha1: shown.digest_ha1 } });
      expect((await keeping.ask('GET', ALICE)).json).toEqual({
        digest_ha1: shown.digest_ha1,
        realm: 'ims.test',
      });
      // The same HA1 is the same password: its SHA-256 form stays.
      const version = await keeping.ports.profiles.credential('alice@ims.test');
      expect(version).toMatchObject({ plaintextKept: false, algorithms: ['MD5', 'SHA-256'] });
    } finally {
      await keeping.close();
    }
  });
});

describe('GET and DELETE /private/<impi>', () => {
  it('GET is 404 for an unknown one', async () => {
    expect((await api.ask('GET', path('private', 'nobody@ims.test'))).status).toBe(404);
  });

  it('DELETE is 200, lets go of the secret and takes the links, and leaves the sets; then 204', async () => {
    const { impi, irs, impu } = await makeSubscriber(api, 'gone');
    const version = await api.ports.profiles.credential(impi);
    expect((await api.ask('DELETE', path('private', impi))).status).toBe(200);
    expect(await retiredVersions(api.ports.credentials)).toContain(version?.version);
    expect((await api.ask('GET', path('private', impi))).status).toBe(404);
    expect((await api.ask('GET', path('irs', irs, 'private_ids'))).json).toEqual({ private_ids: [] });
    expect((await api.ask('GET', path('irs', irs, 'public_ids'))).json).toEqual({ public_ids: [impu] });
    expect(await api.ask('DELETE', path('private', impi))).toMatchObject({ status: 204, text: '' });
  });

  it('DELETE is 400 with a body', async () => {
    expect((await api.ask('DELETE', ALICE, { body: '{}' })).status).toBe(400);
  });

  it('GET is 503, never 404, when the secret of a known one cannot be read', async () => {
    await api.ask('PUT', path('private', 'lost@ims.test'), { body: { plaintext_password: 'x' } });
    const version = await api.ports.profiles.credential('lost@ims.test');
    await api.ports.credentials.remove(version?.version ?? '');
    expect((await api.ask('GET', path('private', 'lost@ims.test'))).status).toBe(503);
    await api.ask('PUT', path('private', 'lost@ims.test'), { body: { plaintext_password: 'x' } });
    expect((await api.ask('GET', path('private', 'lost@ims.test'))).status).toBe(200);
  });
});

describe('/private/<impi>/associated_…', () => {
  it('lists sets and public identities', async () => {
    const { impi, irs, impu } = await makeSubscriber(api, 'lists');
    const sets = await api.ask('GET', path('private', impi, 'associated_implicit_registration_sets'));
    expect(sets.json).toEqual({ associated_implicit_registration_sets: [irs] });
    const ids = await api.ask('GET', path('private', impi, 'associated_public_ids'));
    expect(ids.json).toEqual({ associated_public_ids: [impu] });
  });

  it.each(['associated_implicit_registration_sets', 'associated_public_ids'])(
    'GET %s is 404',
    async (list) => {
      expect((await api.ask('GET', path('private', 'nobody@ims.test', list))).status).toBe(404);
    },
  );

  it('PUT links both ways, again without effect; DELETE unlinks, then 204', async () => {
    const { impi, irs } = await makeSubscriber(api, 'linked');
    const second = ((await api.ask('POST', '/irs')).location ?? '').split('/')[2] ?? '';
    const link = path('private', impi, 'associated_implicit_registration_sets', second);
    for (let i = 0; i < 2; i++) expect(await api.ask('PUT', link)).toMatchObject({ status: 200, text: '' });
    expect((await api.ask('GET', path('irs', second, 'private_ids'))).json).toEqual({ private_ids: [impi] });
    const sets = await api.ask('GET', path('private', impi, 'associated_implicit_registration_sets'));
    expect(sets.json).toEqual({ associated_implicit_registration_sets: [irs, second].sort() });
    expect((await api.ask('DELETE', link)).status).toBe(200);
    expect((await api.ask('DELETE', link)).status).toBe(204);
    expect((await api.ask('GET', path('irs', second, 'private_ids'))).json).toEqual({ private_ids: [] });
  });

  it('PUT is 404 for an unknown set or private identity, DELETE 204; a body is 400', async () => {
    const { impi, irs } = await makeSubscriber(api, 'linker');
    const link = (who: string, set: string) =>
      path('private', who, 'associated_implicit_registration_sets', set);
    expect((await api.ask('PUT', link(impi, UNKNOWN))).status).toBe(404);
    expect((await api.ask('PUT', link(impi, 'no-uuid'))).status).toBe(404);
    expect((await api.ask('PUT', link('nobody@ims.test', irs))).status).toBe(404);
    expect((await api.ask('DELETE', link(impi, UNKNOWN))).status).toBe(204);
    expect((await api.ask('DELETE', link('nobody@ims.test', irs))).status).toBe(204);
    expect((await api.ask('PUT', link(impi, irs), { body: '{}' })).status).toBe(400);
    expect((await api.ask('DELETE', link(impi, irs), { body: 'x' })).status).toBe(400);
  });
});

it('every answer that /private documents was seen', () => {
  const unseen = api.openApi.unseen([401, 403, 500, 503]).filter((where) => where.includes(' /private'));
  expect(unseen.filter((where) => !/^GET .* 400$/.test(where))).toEqual([]);
});
