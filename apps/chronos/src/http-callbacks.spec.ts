// Callbacks over real sockets: what a receiver is sent, and where Chronos does not go.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSocketTransport } from '#libs/http-pool';
import { createPeerCheck, systemClock, systemRandom } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import type { Callbacks } from './callback.port.js';
import { callbackKeys, createHttpCallbacks, type HttpCallbacksOptions } from './http-callbacks.js';

type Got = Readonly<{ url: string; headers: IncomingMessage['headers']; body: string }>;

let server: Server;
let port: number;
let got: Got[];
let status: number;
let underWay: number;
let mostUnderWay: number;
const opened: Callbacks[] = [];

beforeAll(async () => {
  server = createServer((incoming, answer) => {
    let body = '';
    underWay++;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    incoming.on('data', (data: Buffer) => (body += data.toString()));
    incoming.on('end', () => {
      got.push({ url: incoming.url ?? '', headers: incoming.headers, body });
      setImmediate(() => {
        underWay--;
        answer.writeHead(status, { location: '/elsewhere' }).end();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
beforeEach(() => {
  [got, status, underWay, mostUnderWay] = [[], 200, 0, 0];
});
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  server.close();
});

const callbacks = (options: Partial<HttpCallbacksOptions> = {}): Callbacks => {
  const made = createHttpCallbacks({
    transport: createSocketTransport({ connectionsMax: 8, connectMs: 5_000, answerMs: 5_000, answerBytesMax: 10_000 }),
    resolve: (name) => Promise.resolve([name === 'inside.test' ? '127.0.0.1' : name === 'outside.test' ? '192.0.2.1' : name]),
    clock: systemClock,
    random: systemRandom,
    isAllowed: createPeerCheck([]),
    concurrencyMax: 8,
    keys: new Map(),
    ...options,
  }); // prettier-ignore
  opened.push(made);
  return made;
};

it('posts what the client gave, with the number of the callback', async () => {
  const outcome = await callbacks().send(`http://127.0.0.1:${port}/call-id/a%20b?x=1`, 7, '{"ö":1}');
  expect(outcome).toEqual({ ok: true, body: '' });
  expect(got).toMatchObject([
    {
      url: '/call-id/a%20b?x=1',
      body: '{"ö":1}',
      headers: {
        'x-sequence-number': '7',
        'content-type': 'application/octet-stream',
        host: `127.0.0.1:${port}`,
      },
    },
  ]);
});

it('presents a key to the host that has one, and to no other', async () => {
  const sender = callbacks({ keys: callbackKeys(['inside.test=a-key-of-sixteen-or-more']) });
  await sender.send(`http://inside.test:${port}/`, 1, '');
  await sender.send(`http://127.0.0.1:${port}/`, 1, '');
  expect(got.map(({ headers }) => headers['x-api-key'])).toEqual(['a-key-of-sixteen-or-more', undefined]);
});

it('presents the key of a host and port to that port alone, and before the one for any port', async () => {
  const presented: (readonly [number, unknown])[] = [];
  const transport = {
    open: ({ port: at }: { port: number }) => ({
      request: ({ headers }: { headers?: Readonly<Record<string, string>> }) => {
        presented.push([at, headers?.['x-api-key']]);
        return Promise.resolve({ status: 200, headers: {}, body: '' });
      },
      close: () => Promise.resolve(),
    }),
  };
  const keys = callbackKeys(['Inside.test:80=the-key-of-port-80', '[::1]:81=the-key-of-port-81', '[::1]=the-key-of-any-port']);
  const sender = callbacks({ keys, transport });
  for (const uri of ['inside.test/', 'inside.test:80/a', 'inside.test:81/', '[::1]:81/', '[::1]/'])
    await sender.send(`http://${uri}`, 1, '');
  expect(presented).toEqual([[80, 'the-key-of-port-80'], [80, 'the-key-of-port-80'], [81, undefined], [81, 'the-key-of-port-81'], [80, 'the-key-of-any-port']]);
}); // prettier-ignore

it.each([199, 301, 302, 307, 400, 404, 500, 503].slice(1))('is not taken with %d, and goes nowhere else', async (code) => {
  status = code;
  expect(await callbacks().send(`http://127.0.0.1:${port}/`, 1, '')).toEqual({ ok: false, reason: `status ${code}` });
  expect(got.map(({ url }) => url)).toEqual(['/']);
}); // prettier-ignore

it.each([
  ['an address that is not allowed', 'http://192.0.2.1/'],
  ['a name at such an address', 'http://outside.test/'],
  ['IPv6 in its other forms', 'http://[::ffff:c000:201]/'],
  ['a number for an address', 'http://3221225985/'],
])('does not go to %s', async (_what, uri) => {
  const transport = {
    open: () => {
      throw new Error('connected');
    },
  };
  const outcome = await callbacks({ transport }).send(uri, 1, '');
  expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('no address that may be called') as string });
}); // prettier-ignore

it('says what failed: a name without address, a port that nobody listens on', async () => {
  const sender = callbacks({ resolve: () => Promise.resolve([]) });
  expect(await sender.send('http://nowhere.test/', 1, '')).toEqual({
    ok: false,
    reason: 'nowhere.test has no address',
  });
  expect(await callbacks().send('http://127.0.0.1:1/', 1, '')).toMatchObject({ ok: false });
});

it('has so many under way to one host and no more, and loses none', async () => {
  const sender = callbacks({ concurrencyMax: 3 });
  const sent = Array.from({ length: 1_500 }, (_, i) => sender.send(`http://127.0.0.1:${port}/${i}`, 1, '')!);
  expect(sender.pending).toBe(1_500);
  const outcomes = await Promise.all(sent);
  expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
  expect(new Set(got.map(({ url }) => url)).size).toBe(1_500);
  expect(mostUnderWay).toBeLessThanOrEqual(3);
  expect(sender.pending).toBe(0);
}, 60_000);

it('keeps to the addresses that it knew while no name server answers, and asks again within a second or so', async () => {
  const clock = createFakeClock();
  let asked = 0;
  let answers: readonly string[] | undefined;
  const resolve = (): Promise<readonly string[]> => {
    asked++;
    return answers ? Promise.resolve(answers) : Promise.reject(new Error('SERVFAIL'));
  };
  const sender = callbacks({ clock, resolve });
  const send = async (): Promise<boolean | undefined> =>
    (await sender.send(`http://inside.test:${port}/`, 1, ''))?.ok;
  expect([await send(), await send(), asked]).toEqual([false, false, 1]);
  answers = ['127.0.0.1'];
  clock.advance(1_500);
  expect([await send(), await send(), asked]).toEqual([true, true, 2]);
  answers = undefined;
  clock.advance(31_000);
  expect([await send(), await send(), asked]).toEqual([true, true, 3]);
});
