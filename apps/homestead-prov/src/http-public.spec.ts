// The /public rows of backend.md §3, each by name, as mended; and what every endpoint has in common.
import { AppendRefused, AppendUnknown, createMemoryLog } from '#libs/event-log';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { createHttpFixture, type HttpFixture, makeSubscriber, path } from './http.fixture.js';

let api: HttpFixture;
beforeAll(async () => {
  api = await createHttpFixture();
});
afterAll(() => api.close());

describe('/public/<impu>', () => {
  it('service_profile and irs are 303 with Location, 404 unknown', async () => {
    const { impu, set, profile } = await makeSubscriber(api, 'alice');
    const found = await api.ask('GET', path('public', impu, 'service_profile'));
    expect(found).toMatchObject({ status: 303, location: profile, text: '' });
    expect(await api.ask('GET', path('public', impu, 'irs'))).toMatchObject({ status: 303, location: set });
    for (const what of ['service_profile', 'irs', 'associated_private_ids']) {
      expect((await api.ask('GET', path('public', 'sip:nobody@ims.test', what))).status).toBe(404);
      expect((await api.ask('GET', path('public', 'nobody', what))).status).toBe(400);
    }
  });

  it('associated_private_ids lists', async () => {
    const { impu, impi } = await makeSubscriber(api, 'bob');
    const found = await api.ask('GET', path('public', impu, 'associated_private_ids'));
    expect(found.json).toEqual({ private_ids: [impi] });
  });
});

describe('GET /public/', () => {
  type List = { public_ids: { public_id: string }[]; next?: string };
  const list = async (query = '') => (await api.ask('GET', `/public/${query}`)).json as List;

  it('gives each identity with its set and profile, or names only', async () => {
    const { impu, irs, sp } = await makeSubscriber(api, 'carol');
    expect((await list()).public_ids).toContainEqual({ public_id: impu, sp, irs });
    expect((await list('?excludeuuids=true')).public_ids).toContainEqual({ public_id: impu });
  });

  it('pages, in order, each identity once', async () => {
    for (const name of ['p1', 'p2', 'p3', 'p4']) await makeSubscriber(api, name);
    const all = (await list('?excludeuuids=true')).public_ids.map((entry) => entry.public_id);
    const paged: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const page = await list(`?limit=2&after=${encodeURIComponent(next)}`);
      paged.push(...page.public_ids.map((entry) => entry.public_id));
      next = page.next;
    }
    expect(paged).toEqual(all);
  });

  it('gives each identity in one chunk', async () => {
    const chunks = await Promise.all([0, 1, 2].map((chunk) => list(`?chunk-proportion=3&chunk=${chunk}`)));
    const split = chunks.flatMap(({ public_ids }) => public_ids.map((entry) => entry.public_id));
    expect(split.sort()).toEqual((await list()).public_ids.map((entry) => entry.public_id).sort());
  });

  it.each([
    '?chunk=256',
    '?chunk=x',
    '?chunk-proportion=0',
    '?limit=0',
    '?limit=10001',
    '?excludeuuids=7',
    '?chunk=1&chunk=2',
  ])('is 400 for %s', async (query) => {
    expect((await api.ask('GET', `/public/${query}`)).status).toBe(400);
  });
});

describe('every endpoint', () => {
  it('says what is wrong in JSON, 500 or 503 with Retry-After when the log does not take it', async () => {
    const log = await createMemoryLog({ clock: createFakeClock(), random: createSeededRandom(1) });
    let fault: Error = new AppendUnknown('deadline');
    const broken = await createHttpFixture({
      log: { ...log, append: () => Promise.reject(fault) },
    });
    try {
      const unknown = await broken.ask('POST', '/irs');
      expect(unknown).toMatchObject({ status: 500, json: { error: true, status: 500, detail: {} } });
      expect(unknown.header('retry-after')).toBe('5');
      fault = new AppendRefused('disk full');
      expect(await broken.ask('POST', '/irs')).toMatchObject({ status: 503, json: { status: 503 } });
    } finally {
      await broken.close();
    }
  });
});

it('every answer that /public documents was seen', () => {
  const unseen = api.openApi.unseen([401, 403, 500, 503]).filter((where) => where.includes(' /public'));
  expect(unseen).toEqual([]);
});
