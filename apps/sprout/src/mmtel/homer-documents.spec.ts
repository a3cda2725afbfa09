// What Sprout makes of Homer's answers: a document, none, or that it cannot be told.
import { HttpFault, type HttpRequest, type HttpResponse } from '#libs/http-pool';
import { createHomerDocuments } from './homer-documents.js';
import { HomerFault } from './homer-fault.js';

const ID = 'sip:a/b@ims.test/org.etsi.ngn.simservs';
const answer = (status: number, body = '', headers: Record<string, string> = {}): HttpResponse => ({ status, headers, body }); // prettier-ignore
const withAnswers = (...answers: readonly (HttpResponse | Error)[]) => {
  const asked: HttpRequest[] = [];
  const left = [...answers];
  const request = (one: HttpRequest): Promise<HttpResponse> => {
    asked.push(one);
    const next = left.shift();
    return next instanceof Error || next === undefined ? Promise.reject(next ?? new Error('none')) : Promise.resolve(next); // prettier-ignore
  };
  return { asked, documents: createHomerDocuments({ request }) };
};
const NONE = answer(404, JSON.stringify({ status: 404, reason: 'no such document' }));

it('asks each time, and for what has changed only', async () => {
  const { asked, documents } = withAnswers(answer(200, '<a/>', { etag: '"1"' }), answer(304), answer(200, '<b/>', { etag: '"2"' }), NONE, answer(200, '<c/>', { etag: '"4"' })); // prettier-ignore
  const got = [];
  for (let i = 0; i < 5; i++) got.push(await documents.xml(ID));
  expect(got).toEqual(['<a/>', '<a/>', '<b/>', undefined, '<c/>']);
  expect(asked.map(({ headers }) => headers?.['if-none-match'])).toEqual([undefined, '"1"', '"1"', '"2"', undefined]); // prettier-ignore
  expect(asked[0]?.path).toBe('/org.etsi.ngn.simservs/users/sip%3Aa%2Fb%40ims.test/simservs.xml');
  expect(documents.peek(ID)).toBeUndefined();
});

it.each([
  ['no answer in time', new HttpFault('timeout'), 'timeout'],
  ['nobody there', new HttpFault('unreachable'), 'unavailable'],
  ['no such name', new HttpFault('unresolved'), 'unavailable'],
  ['504', answer(504), 'timeout'],
  ['500', answer(500), 'unavailable'],
  ['503', answer(503), 'unavailable'],
  ['401', answer(401), 'unavailable'],
  ['403', answer(403), 'unavailable'],
  ['a 404 of somebody else', answer(404, 'Not Found'), 'unavailable'],
  ['200 without a tag', answer(200, '<a/>'), 'unavailable'],
  ['304 to what was not asked', answer(304), 'unavailable'],
])('cannot tell after %s', async (_name, given, kind) => {
  const failed = await withAnswers(given)
    .documents.xml(ID)
    .catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(HomerFault);
  expect((failed as HomerFault).kind).toBe(kind);
});
