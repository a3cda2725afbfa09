// The /irs and service profile rows of backend.md §3, each by name, as mended.
import {
  createHttpFixture,
  type HttpFixture,
  makeSubscriber,
  path,
  publicIdentity,
  UNKNOWN,
} from './http.fixture.js';

let api: HttpFixture;
beforeAll(async () => {
  api = await createHttpFixture();
});
afterAll(() => api.close());

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const xmlOf = async (impu: string) => (await api.ports.profiles.identity(impu))?.xml;

describe('/irs', () => {
  it('POST /irs is 201 with Location, and 400 with a body', async () => {
    const made = await api.ask('POST', '/irs');
    expect(made).toMatchObject({
      status: 201,
      text: '',
      location: expect.stringMatching(`^/irs/${UUID}$`) as string,
    });
    expect((await api.ask('POST', '/irs', { body: '{}' })).status).toBe(400);
    expect((await api.ask('GET', `${made.location}/public_ids`)).json).toEqual({ public_ids: [] });
  });

  it('POST with the same Idempotency-Key makes one set', async () => {
    const post = (key: string) => api.ask('POST', '/irs', { headers: { 'idempotency-key': key } });
    const first = await post('u000001');
    expect((await post('u000001')).location).toBe(first.location);
    expect((await post('u000002')).location).not.toBe(first.location);
    expect((await post('a b')).status).toBe(400);
  });

  it('DELETE /irs/<uuid> takes profiles and public identities, and unlinks: 200, then 204', async () => {
    const { impi, impu, irs, set } = await makeSubscriber(api, 'cascade');
    expect((await api.ask('DELETE', set)).status).toBe(200);
    expect((await api.ask('DELETE', set)).status).toBe(204);
    expect((await api.ask('DELETE', path('irs', 'no-uuid'))).status).toBe(204);
    expect((await api.ask('GET', path('public', impu, 'irs'))).status).toBe(404);
    const sets = await api.ask('GET', path('private', impi, 'associated_implicit_registration_sets'));
    expect(sets.json).toEqual({ associated_implicit_registration_sets: [] });
    expect(await xmlOf(impu)).toBeUndefined();
    expect(await api.ports.profiles.reservation(impu)).toBeUndefined();
    // The identity is free for another set.
    const other = await makeSubscriber(api, 'cascade');
    expect(other.irs).not.toBe(irs);
    expect((await api.ask('DELETE', set, { body: 'x' })).status).toBe(400);
  });

  it('GET public_ids and private_ids: lists, 404 for an unknown set', async () => {
    const { impi, impu, set } = await makeSubscriber(api, 'setlists');
    expect((await api.ask('GET', `${set}/public_ids`)).json).toEqual({ public_ids: [impu] });
    expect((await api.ask('GET', `${set}/private_ids/`)).json).toEqual({ private_ids: [impi] });
    for (const list of ['public_ids', 'private_ids']) {
      expect((await api.ask('GET', path('irs', UNKNOWN, list))).status).toBe(404);
      expect((await api.ask('GET', path('irs', 'no-uuid', list))).status).toBe(404);
    }
  });

  it('PUT and DELETE private_ids/<impi>: 200, 404 for what is unknown or not linked', async () => {
    const { impi, set } = await makeSubscriber(api, 'links');
    const link = `${set}${path('private_ids', impi)}`;
    expect((await api.ask('PUT', link)).status).toBe(200);
    expect((await api.ask('DELETE', link)).status).toBe(200);
    expect((await api.ask('DELETE', link)).status).toBe(404);
    expect((await api.ask('PUT', link)).status).toBe(200);
    expect((await api.ask('PUT', path('irs', UNKNOWN, 'private_ids', impi))).status).toBe(404);
    expect((await api.ask('DELETE', path('irs', UNKNOWN, 'private_ids', impi))).status).toBe(404);
    expect((await api.ask('PUT', `${set}${path('private_ids', 'nobody@ims.test')}`)).status).toBe(404);
    expect((await api.ask('PUT', link, { body: '{}' })).status).toBe(400);
    expect((await api.ask('DELETE', link, { body: '{}' })).status).toBe(400);
  });
});

describe('/irs/<uuid>/service_profiles', () => {
  it('POST is 201 with Location, 404 for an unknown set, 400 with a body', async () => {
    const { set } = await makeSubscriber(api, 'profiles');
    const made = await api.ask('POST', `${set}/service_profiles`);
    expect(made).toMatchObject({
      status: 201,
      location: expect.stringMatching(`^${set}/service_profiles/${UUID}$`) as string,
    });
    expect((await api.ask('POST', path('irs', UNKNOWN, 'service_profiles'))).status).toBe(404);
    expect((await api.ask('POST', `${set}/service_profiles`, { body: '{}' })).status).toBe(400);
    const again = { headers: { 'idempotency-key': 'one' } };
    const [first, second] = [
      await api.ask('POST', `${set}/service_profiles`, again),
      await api.ask('POST', `${set}/service_profiles`, again),
    ];
    expect(second.location).toBe(first.location);
  });

  it('DELETE takes its public identities: 200; 403 in another set; 404 unknown', async () => {
    const mine = await makeSubscriber(api, 'profile1');
    const other = await makeSubscriber(api, 'profile2');
    expect((await api.ask('DELETE', `${mine.set}/service_profiles/${other.sp}`)).status).toBe(403);
    expect((await api.ask('DELETE', `${mine.set}/service_profiles/${UNKNOWN}`)).status).toBe(404);
    expect((await api.ask('DELETE', path('irs', UNKNOWN, 'service_profiles', mine.sp))).status).toBe(404);
    expect((await api.ask('DELETE', mine.profile, { body: 'x' })).status).toBe(400);
    expect((await api.ask('DELETE', mine.profile)).status).toBe(200);
    expect((await api.ask('DELETE', mine.profile)).status).toBe(404);
    expect((await api.ask('GET', path('public', mine.impu, 'irs'))).status).toBe(404);
    expect(await api.ports.profiles.reservation(mine.impu)).toBeUndefined();
  });

  it('GET public_ids: list, 403 in another set, 404 unknown', async () => {
    const mine = await makeSubscriber(api, 'list1');
    const other = await makeSubscriber(api, 'list2');
    expect((await api.ask('GET', `${mine.profile}/public_ids`)).json).toEqual({ public_ids: [mine.impu] });
    expect((await api.ask('GET', `${mine.set}/service_profiles/${other.sp}/public_ids`)).status).toBe(403);
    expect((await api.ask('GET', `${mine.set}/service_profiles/${UNKNOWN}/public_ids`)).status).toBe(404);
  });
});

describe('…/public_ids/<impu>', () => {
  const put = (profile: string, impu: string, body: string = publicIdentity(impu)) =>
    api.ask('PUT', `${profile}${path('public_ids', impu)}`, { body });

  it('PUT is 200 and serves the identity at once; a repeat changes nothing', async () => {
    const { profile, impu, irs } = await makeSubscriber(api, 'ids');
    const tel = 'tel:+12025550100';
    const body = `<?xml version="1.0"?>\n<PublicIdentity><BarringIndication>1</BarringIndication><Identity>${tel}</Identity></PublicIdentity>\n`;
    expect(await put(profile, tel, body)).toMatchObject({ status: 200, text: '' });
    const version = (await api.ports.profiles.identity(tel))?.version;
    expect((await put(profile, tel, body)).status).toBe(200);
    expect((await api.ports.profiles.identity(tel))?.version).toBe(version);
    expect(await api.ports.profiles.identity(tel)).toMatchObject({ irs });
    expect(await xmlOf(impu)).toContain(
      `<PublicIdentity><BarringIndication>1</BarringIndication><Identity>${tel}</Identity></PublicIdentity>`,
    );
    const shown = await api.ask('GET', `${profile}${path('public_ids', tel)}`);
    expect(shown.text).toContain(`<Identity>${tel}</Identity>`);
  });

  it.each([
    ['an empty body', ''],
    ['no XML', 'sip:x@ims.test'],
    ['broken XML', '<PublicIdentity><Identity>sip:x@ims.test</PublicIdentity>'],
    ['two roots', `${publicIdentity('sip:x@ims.test')}<a/>`],
    ['another element', '<Identity>sip:x@ims.test</Identity>'],
    ['no Identity', '<PublicIdentity/>'],
    ['a document type', `<!DOCTYPE a [<!ENTITY e "x">]>${publicIdentity('sip:&e;@ims.test')}`],
    [
      'a barring that is none',
      '<PublicIdentity><BarringIndication>2</BarringIndication><Identity>sip:x@ims.test</Identity></PublicIdentity>',
    ],
    ['too long a document', publicIdentity('sip:x@ims.test').replace('>', `>${'<a/>'.repeat(5_000)}`)],
    [
      'too deep a document',
      publicIdentity('sip:x@ims.test').replace(
        '<Identity',
        `${'<a>'.repeat(30)}${'</a>'.repeat(30)}<Identity`,
      ),
    ],
  ])('PUT is 400 for %s', async (_what, body) => {
    const { profile } = await makeSubscriber(api, 'badxml');
    expect((await put(profile, 'sip:x@ims.test', body)).status).toBe(400);
    expect(await api.ports.profiles.reservation('sip:x@ims.test')).toBeUndefined();
  });

  it('PUT is 400 for a path that names no SIP or tel URI', async () => {
    const { profile } = await makeSubscriber(api, 'badpath');
    expect((await put(profile, 'alice')).status).toBe(400);
  });

  it('PUT is 403 when Identity is not the one of the path, or belongs elsewhere; 404 for unknown parents', async () => {
    const mine = await makeSubscriber(api, 'own');
    const other = await makeSubscriber(api, 'foreign');
    expect((await put(mine.profile, 'sip:y@ims.test', publicIdentity('sip:z@ims.test'))).status).toBe(403);
    expect((await put(mine.profile, other.impu)).status).toBe(403);
    const second = (await api.ask('POST', `${mine.set}/service_profiles`)).location ?? '';
    expect((await put(second, mine.impu)).status).toBe(403);
    expect((await put(`${mine.set}/service_profiles/${other.sp}`, 'sip:y@ims.test')).status).toBe(403);
    expect((await put(`${mine.set}/service_profiles/${UNKNOWN}`, 'sip:y@ims.test')).status).toBe(404);
    expect((await put(`/irs/${UNKNOWN}/service_profiles/${mine.sp}`, 'sip:y@ims.test')).status).toBe(404);
    expect(await api.ports.profiles.reservation('sip:y@ims.test')).toBeUndefined();
  });

  it('DELETE is 200, then 204; 403 elsewhere; 404 for unknown parents', async () => {
    const mine = await makeSubscriber(api, 'del1');
    const other = await makeSubscriber(api, 'del2');
    const remove = (profile: string, impu: string, body?: string) =>
      api.ask('DELETE', `${profile}${path('public_ids', impu)}`, body === undefined ? {} : { body });
    expect((await remove(mine.profile, other.impu)).status).toBe(403);
    const second = (await api.ask('POST', `${mine.set}/service_profiles`)).location ?? '';
    expect((await remove(second, mine.impu)).status).toBe(403);
    expect((await remove(`${mine.set}/service_profiles/${UNKNOWN}`, mine.impu)).status).toBe(404);
    expect((await remove(mine.profile, mine.impu, 'x')).status).toBe(400);
    expect((await remove(mine.profile, mine.impu)).status).toBe(200);
    expect((await remove(mine.profile, mine.impu)).status).toBe(204);
    expect(await api.ports.profiles.reservation(mine.impu)).toBeUndefined();
    expect((await put(other.profile, mine.impu)).status).toBe(200);
  });

  it('GET is the element, 403 elsewhere, 404 unknown', async () => {
    const mine = await makeSubscriber(api, 'get1');
    const other = await makeSubscriber(api, 'get2');
    const get = (impu: string) => api.ask('GET', `${mine.profile}${path('public_ids', impu)}`);
    expect(await get(mine.impu)).toMatchObject({ status: 200, text: publicIdentity(mine.impu) });
    expect((await get(other.impu)).status).toBe(403);
    expect((await get('sip:nobody@ims.test')).status).toBe(404);
  });

  it('PUT is 412 when the set is not at the revision of If-Match', async () => {
    const { profile, impu } = await makeSubscriber(api, 'match');
    const ask = { body: publicIdentity(impu), headers: { 'if-match': '"1"' } };
    expect((await api.ask('PUT', `${profile}${path('public_ids', impu)}`, ask)).status).toBe(412);
  });

  it('an IRS with only a tel: identity is served too (mended)', async () => {
    const set = (await api.ask('POST', '/irs')).location ?? '';
    const profile = (await api.ask('POST', `${set}/service_profiles`)).location ?? '';
    await put(profile, 'tel:+12025550199');
    expect(await xmlOf('tel:+12025550199')).toBe(
      '<IMSSubscription><PrivateID>Unspecified</PrivateID><ServiceProfile><InitialFilterCriteria/>' +
        '<PublicIdentity><Identity>tel:+12025550199</Identity></PublicIdentity></ServiceProfile></IMSSubscription>',
    );
  });
});

describe('…/filter_criteria', () => {
  const IFC =
    '<InitialFilterCriteria><Priority>1</Priority><ApplicationServer><ServerName>sip:as@ims.test</ServerName>' +
    '</ApplicationServer></InitialFilterCriteria>';
  const XML = `<?xml version="1.0" encoding="UTF-8"?>\n<ServiceProfile>${IFC}</ServiceProfile>\n`;

  it('PUT and GET give back what was given, byte by byte; the subscription has it at once', async () => {
    const { profile, impu } = await makeSubscriber(api, 'ifc');
    expect((await api.ask('GET', `${profile}/filter_criteria`)).status).toBe(404);
    expect(await api.ask('PUT', `${profile}/filter_criteria`, { body: XML })).toMatchObject({
      status: 200,
      text: '',
    });
    const shown = await api.ask('GET', `${profile}/filter_criteria`);
    expect(shown.text).toBe(XML);
    expect(await xmlOf(impu)).toContain(`<ServiceProfile>${IFC}${publicIdentity(impu)}</ServiceProfile>`);
    const match = { 'if-match': shown.etag ?? '' };
    const empty = '<ServiceProfile/>';
    expect((await api.ask('PUT', `${profile}/filter_criteria`, { body: empty, headers: match })).status).toBe(
      200,
    );
    expect((await api.ask('PUT', `${profile}/filter_criteria`, { body: XML, headers: match })).status).toBe(
      412,
    );
    expect(await xmlOf(impu)).toContain(`<ServiceProfile>${publicIdentity(impu)}</ServiceProfile>`);
  });

  it.each([
    ['an empty body', ''],
    ['no XML', 'x'],
    ['another element', '<InitialFilterCriteria/>'],
    [
      'a criterion without a server',
      '<ServiceProfile><InitialFilterCriteria><Priority>1</Priority></InitialFilterCriteria></ServiceProfile>',
    ],
    ['a priority that is none', XML.replace('>1<', '>one<')],
    [
      'a pattern that is none',
      XML.replace(
        '<ApplicationServer>',
        '<TriggerPoint><ConditionTypeCNF>0</ConditionTypeCNF><SPT><Group>0</Group><RequestURI>(</RequestURI></SPT></TriggerPoint><ApplicationServer>',
      ),
    ],
    ['public identities in it', `<ServiceProfile>${publicIdentity('sip:x@ims.test')}</ServiceProfile>`],
    ['a document type', `<!DOCTYPE x>${XML}`],
    ['too long a document', XML.replace('</ServiceProfile>', `${IFC.repeat(2_000)}</ServiceProfile>`)],
  ])('PUT is 400 for %s', async (_what, body) => {
    const { profile } = await makeSubscriber(api, 'badifc');
    const reply = await api.ask('PUT', `${profile}/filter_criteria`, { body });
    expect(reply).toMatchObject({ status: 400, json: { reason: expect.stringMatching(/.{10}/) as string } });
  });

  it('403 in another set, 404 unknown', async () => {
    const mine = await makeSubscriber(api, 'ifc1');
    const other = await makeSubscriber(api, 'ifc2');
    for (const [method, ask] of [
      ['GET', {}],
      ['PUT', { body: XML }],
    ] as const) {
      const at = (sp: string) => `${mine.set}/service_profiles/${sp}/filter_criteria`;
      expect((await api.ask(method, at(other.sp), ask)).status).toBe(403);
      expect((await api.ask(method, at(UNKNOWN), ask)).status).toBe(404);
    }
  });
});

it('every answer that /irs documents was seen', () => {
  const unseen = api.openApi.unseen([401, 403, 500, 503]).filter((where) => where.includes(' /irs'));
  expect(unseen.filter((where) => !/^GET .* 400$/.test(where))).toEqual([]);
});
