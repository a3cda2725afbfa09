// The provisioning tool against the real API without sockets: repeats, interruptions at each request, and what it says of trouble.
import { HttpFault, type HttpPool } from '#libs/http-pool';
import { createFakeClock } from '#libs/testkit';
import { createHttpFixture, type HttpFixture } from '../http.fixture.js';
import { logged, orphans } from '../provisioning.fixture.js';
import { numberedSubscribers } from './bulk-csv.js';
import { describeSummary, FAILURES_MAX, runProvisioning } from './provision-run.js';

let api: HttpFixture;
beforeEach(async () => {
  api = await createHttpFixture();
});
afterEach(() => api.close());

const poolTo = ({ ask }: HttpFixture, onRequest: () => void = () => undefined): HttpPool => ({
  async request({ method, path, headers, body }) {
    onRequest();
    const asked = { ...(headers ? { headers } : {}), ...(body === undefined ? {} : { body }) };
    const { status, text, location, header } = await ask(method, path, asked);
    const retryAfter = header('retry-after');
    return {
      status,
      body: text,
      headers: {
        ...(location === undefined ? {} : { location }),
        ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      },
    };
  },
  close: () => Promise.resolve(),
});

const users = (count: number, password = 'secret') =>
  numberedSubscribers({ count, password, domain: 'ims.test', prefixes: ['u', 'u'] });
const run = (pool: HttpPool, subscribers = users(5), ifcXml?: string) => {
  const clock = createFakeClock();
  return runProvisioning({
    ports: { pool, clock: { after: (ms, go) => (queueMicrotask(go), clock.after(ms, go)) } },
    subscribers,
    concurrency: 2,
    url: 'http://prov',
    onProgress: () => undefined,
    ...(ifcXml === undefined ? {} : { ifcXml }),
  });
};
const counts = { created: 0, changed: 0, unchanged: 0, failures: [], notTried: 0 };
const IFC = '<ServiceProfile/>';

describe('a run', () => {
  it('makes subscribers once; a second run changes nothing', async () => {
    expect(await run(poolTo(api))).toEqual({ ...counts, created: 5 });
    const before = await logged(api);
    expect(await run(poolTo(api))).toEqual({ ...counts, unchanged: 5 });
    expect(await logged(api)).toEqual(before);
    const found = await api.ports.profiles.identity('sip:u000003@ims.test');
    expect([...(found?.privateIds ?? [])]).toEqual(['u000003@ims.test']);
  });

  it('changes what is different: password, filter criteria, a lost link', async () => {
    await run(poolTo(api));
    expect(await run(poolTo(api), users(5, 'other'))).toEqual({ ...counts, changed: 5 });
    expect(await run(poolTo(api), users(5, 'other'), IFC)).toEqual({ ...counts, changed: 5 });
    expect(await run(poolTo(api), users(5, 'other'), IFC)).toEqual({ ...counts, unchanged: 5 });
    await api.provisioning.deletePrivate('u000002@ims.test');
    expect(await run(poolTo(api), users(5, 'other'), IFC)).toEqual({ ...counts, unchanged: 4, changed: 1 });
  });

  it('goes on where it was interrupted, at whichever request, and leaves no second set behind', async () => {
    for (let dieAt = 1; dieAt <= 9; dieAt++) {
      const fresh = await createHttpFixture();
      try {
        let requests = 0;
        const dying = poolTo(fresh, () => {
          if (++requests >= dieAt) throw new HttpFault('broken');
        });
        await run(dying, users(1), IFC);
        const { failures } = await run(poolTo(fresh), users(1), IFC);
        expect(failures).toEqual([]);
        let sets = 0;
        for await (const { state } of fresh.ports.profiles.sets()) sets += state.serviceProfiles.length;
        expect([dieAt, sets, await orphans(fresh)]).toEqual([dieAt, 1, []]);
      } finally {
        await fresh.close();
      }
    }
  });

  it('makes a deleted subscriber anew', async () => {
    await run(poolTo(api), users(1));
    const found = await api.ports.profiles.identity('sip:u000000@ims.test');
    await api.provisioning.deleteSet(found?.irs ?? '');
    expect(await run(poolTo(api), users(1))).toEqual({ ...counts, created: 1 });
  });
});

describe('trouble', () => {
  const answering = (status: number, headers: Record<string, string> = {}, body = ''): HttpPool => ({
    request: () => Promise.resolve({ status, headers, body }),
    close: () => Promise.resolve(),
  });

  it('of the server ends the run at once, and says what to do', async () => {
    const summary = await run({
      request: () => Promise.reject(new HttpFault('unreachable')),
      close: () => Promise.resolve(),
    });
    expect([summary.failures.length, summary.notTried]).toEqual([2, 3]);
    const lines = describeSummary(summary, 1_200).join('\n');
    expect(lines).toContain('2 failed, 3 not tried');
    expect(lines).toContain('cannot reach http://prov: is it running? Start it with npm start');
    const key = await run(answering(401, {}, '{"reason":"X-API-Key is absent or not known"}'));
    expect(describeSummary(key, 0).join('\n')).toMatch(
      /and 1 more: 401 X-API-Key .*--api-key-file data\/api-key/,
    );
  });

  it('of single subscribers is told, up to a bound', async () => {
    const summary = await run(answering(400, {}, '{"reason":"no good"}'), users(FAILURES_MAX + 10));
    expect(summary.failures.length).toBeLessThanOrEqual(FAILURES_MAX + 1);
    expect(summary.failures[0]?.reason).toBe('GET /private/u000000@ims.test: 400 no good');
  });

  it('that passes is waited for', async () => {
    const working = poolTo(api);
    let faults = 3;
    const pool: HttpPool = {
      ...working,
      request: (request) =>
        faults-- > 0
          ? Promise.resolve({ status: 503, headers: { 'retry-after': '1' }, body: '' })
          : working.request(request),
    };
    expect(await run(pool, users(1))).toEqual({ ...counts, created: 1 });
  });
});
