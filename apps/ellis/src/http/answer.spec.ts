// What Ellis reads of a request.
import { callOf } from './answer.js';

it('reads a query with question marks in it (RFC 3986 §3.4)', () => {
  const request = {
    url: '/x?password=a?b&email=c',
    method: 'POST',
    headers: {},
    body: undefined,
    socket: {},
  };
  const call = callOf(request as never, () => '');
  expect([call.field('password'), call.field('email')]).toEqual(['a?b', 'c']);
});
