// What an Ellis apart knows of the core: what a projector and a Chronos answer, one of them away, and none of them named.
import { HttpFault, type HttpRequest, type HttpResponse } from '#libs/http-pool';
import { createFakeClock } from '#libs/testkit';
import { createRemoteSurroundings } from './remote-surroundings.js';

const json = (body: unknown, status = 200): HttpResponse => ({
  status,
  headers: {},
  body: JSON.stringify(body),
});

const neighbour = (answers: Readonly<Record<string, HttpResponse | HttpFault>>) => ({
  request({ method, path }: HttpRequest): Promise<HttpResponse> {
    const answer = answers[`${method} ${path}`] ?? json({ reason: 'nothing there' }, 404);
    return answer instanceof HttpFault ? Promise.reject(answer) : Promise.resolve(answer);
  },
});

const AWAY = new HttpFault('unreachable', 'nobody listens');
const UP = neighbour({ 'GET /ping': json('OK') });
const own = {
  figures: () => Promise.resolve([{ name: 'lines-by-account', lag_ms: 0, parked: 1 }]),
  parked: {
    list: () => [{ id: 'x', view: 'lines-by-account', stream: 's', reason: 'r', sinceMs: 1, events: 1 }],
    retry: (id: string) => Promise.resolve(id === 'x' ? 0 : undefined),
  },
};
const around = (parts: object) =>
  createRemoteSurroundings({
    neighbours: { homer: UP, 'homestead-prov': neighbour({ 'GET /ping': AWAY }) },
    own,
    registered: () => Promise.resolve(null),
    clock: createFakeClock(0),
    onFault: () => undefined,
    ...parts,
  });

const PARKED = { id: 'y', view: 'subscriber-profiles', stream: 't', reason: 'r', sinceMs: 2, events: 3 };
const projector = neighbour({
  'GET /views': json([
    { name: 'subscriber-profiles', lag: 4, parkedStreams: 1 },
    { name: 'documents-by-user', lag: 0, parkedStreams: 0 },
  ]),
  'GET /parked': json([PARKED]),
  'POST /parked/y/retry': json({ left: 2 }),
  'POST /parked/x/retry': json({ reason: 'nothing is parked under x' }, 404),
  'POST /parked/z/retry': json({ reason: 'nothing is parked under z' }, 404),
});
const chronos = neighbour({
  'GET /statistics': json({ timers: 7, deadLetters: 2 }),
  'GET /dead-letters': json([{ id: 'a' }, { id: 'b' }]),
  'POST /dead-letters/a/replay': { status: 204, headers: {}, body: '' },
  'POST /dead-letters/b/replay': json({ reason: 'refused' }, 502),
  'POST /dead-letters/c/replay': json({ reason: 'no such dead letter' }, 404),
  'DELETE /dead-letters/a': { status: 204, headers: {}, body: '' },
  'DELETE /dead-letters/c': json({ reason: 'no such dead letter' }, 404),
});

it('puts together what each knows', async () => {
  const core = around({ projector, chronos });
  expect(await core.figures()).toEqual({
    views: [
      { name: 'lines-by-account', lag_ms: 0, parked: 1 },
      { name: 'subscriber-profiles', lag_ms: null, parked: 1 },
      { name: 'documents-by-user', lag_ms: 0, parked: 0 },
    ],
    timers: { waiting: 7, dead_letters: 2 },
    registered: null,
    peers: [
      { name: 'homer', up: true },
      { name: 'homestead-prov', up: false },
    ],
  });
  expect((await core.parked?.list())?.map(({ id }) => id)).toEqual(['y', 'x']);
  const retried = ['x', 'y', 'z'].map((id) => core.parked!.retry(id));
  expect(await Promise.all(retried)).toEqual([0, 2, undefined]);
  const replayed = ['a', 'b', 'c'].map((id) => core.deadLetters!.replay(id));
  expect(await Promise.all(replayed)).toEqual(['delivered', { reason: 'refused' }, 'unknown']);
  expect([await core.deadLetters?.discard('a'), await core.deadLetters?.discard('c')]).toEqual([true, false]);
  expect(await core.deadLetters?.list(1)).toHaveLength(1);
});

it('shows nothing of who is away, and says so where a list is asked for', async () => {
  const away = neighbour({ 'GET /views': AWAY, 'GET /statistics': AWAY, 'GET /parked': AWAY });
  const core = around({ projector: away, chronos: away });
  expect(await core.figures()).toMatchObject({ views: null, timers: null });
  await expect(core.parked?.list()).rejects.toMatchObject({ status: 502 });
});

it('knows its own view alone where nobody is named', async () => {
  const core = around({});
  expect(await core.figures()).toMatchObject({ views: [{ name: 'lines-by-account' }], timers: null });
  expect([core.deadLetters, await core.parked?.retry('x')]).toEqual([undefined, 0]);
});
