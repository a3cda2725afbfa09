// What a page says of answers that are none, too late, of another server, or of one that can take no more.
import { jest } from '@jest/globals';
import { ask, askJson, faultWords, RequestRefused } from './http.js';
import { onSessionDoubted } from './session-doubt.js';

const fetching = jest.spyOn(globalThis, 'fetch');
afterEach(() => fetching.mockReset());

const answers = (body: string, init: ResponseInit = {}, type = 'application/json'): void => {
  fetching.mockResolvedValue(new Response(body, { ...init, headers: { 'content-type': type, ...init.headers } }));
}; // prettier-ignore

const wordsOf = async (asked: Promise<unknown>): Promise<string> =>
  asked.then(() => 'done', (error: unknown) => faultWords(error)); // prettier-ignore

it('gives what was answered', async () => {
  answers('{"a":1}', { headers: { etag: '"x"' } });
  expect(await ask('/a')).toEqual({ status: 200, etag: '"x"', text: '{"a":1}' });
  answers('{"a":1}');
  expect(await askJson('/a')).toEqual({ a: 1 });
});

it.each([
  [503, '{"reason":"too many live streams are open"}', { 'retry-after': '5' }, 'Too many live streams are open. Try again in 5 s.'],
  [503, '<html>busy</html>', {}, 'The server takes no more at the moment. Try again in a moment.'],
  [502, '<html>bad gateway</html>', {}, 'The server could not do it (502). Nothing is known to be changed; try again in a moment.'],
  [500, '', {}, 'The server could not do it (500). Nothing is known to be changed; try again in a moment.'],
  [400, '{"reason":["email: takes an address","password: takes more"]}', {}, 'Email: takes an address · password: takes more.'],
  [404, '{"message":"Not Found"}', {}, 'Not Found.'],
  [418, 'no JSON', {}, 'The server refused it (418).'],
])('says of %d with %s what to do', async (status, body, headers, words) => {
  answers(body, { status, headers: headers as Record<string, string> });
  expect(await wordsOf(ask('/a'))).toBe(words);
}); // prettier-ignore

it('takes no page of another server for an answer', async () => {
  for (const asked of [ask, askJson]) {
    answers('<html>Sign in to this network</html>', {}, 'text/html; charset=utf-8');
    expect(await wordsOf(asked('/a'))).toMatch(/^What answered is not the portal’s server/);
  }
  answers('{"numbers":[', {});
  expect(await wordsOf(askJson('/a'))).toMatch(/^What answered is not the portal’s server/);
});

it('tells a server that is away from one that is late, and takes what broke off for none', async () => {
  fetching.mockRejectedValue(new TypeError('Failed to fetch'));
  expect(await wordsOf(ask('/a'))).toBe('The server cannot be reached. Are you online?');
  fetching.mockRejectedValue(new DOMException('', 'TimeoutError'));
  expect(await wordsOf(ask('/a'))).toBe('The server takes too long to answer. Try again in a moment.');
  const body = new ReadableStream({ start: (stream) => stream.error(new TypeError('cut')) });
  fetching.mockResolvedValue(new Response(body));
  expect(await wordsOf(ask('/a'))).toBe('The server cannot be reached. Are you online?');
});

it('doubts the session when something is refused, but not when the session itself is asked for', async () => {
  let doubts = 0;
  const end = onSessionDoubted(() => doubts++);
  const refused = async (path: string, status: number): Promise<void> => {
    answers('{"reason":"no"}', { status });
    await expect(ask(path)).rejects.toBeInstanceOf(RequestRefused);
  };
  await refused('/session/', 403);
  await refused('/accounts/a/numbers/', 404);
  expect(doubts).toBe(0);
  await refused('/accounts/a/numbers/', 403);
  expect(doubts).toBe(1);
  end();
  await refused('/accounts/a/numbers/', 403);
  expect(doubts).toBe(1);
});
