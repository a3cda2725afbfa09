// Subscribers at Homestead Prov, by its REST API (backend.md §3): one private identity, one implicit registration set with one profile and
// one public identity a line. Every step may be repeated. In one process the same requests are answered without a socket.
import type { HttpRequest } from '#libs/http-pool';
import type { Neighbour } from '../context.js';
import { badRequest } from '../outcome.js';
import { ask, askOrNothing, faultOfAnswer, pathOf, reasonIn } from './ask.js';

/** Homestead Prov's own words: another server's 404 says nothing about subscribers. */
const NO_PUBLIC = ['no such public identity'];
const NO_PRIVATE = ['no such private identity'];
const NO_CRITERIA = ['no filter criteria were given'];
const NO_SET = ['no such implicit registration set'];

const JSON_TYPE = { 'content-type': 'application/json' };
const XML_TYPE = { 'content-type': 'application/xml' };

export type NewLine = Readonly<{
  impu: string;
  impi: string;
  /** Absent: the private identity is there already. */
  password?: string;
  filterCriteria: string;
  /** Names the line's set: a repeat finds what the first one made. */
  key: string;
}>;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replace(/[&<>]/g, (one) => ESCAPES[one] ?? one);

const located = (request: HttpRequest, headers: Readonly<Record<string, string>>): string => {
  const { location } = headers;
  if (location === undefined) throw faultOfAnswer(request, { status: 0, headers, body: '' });
  // A neighbour may name itself before the path.
  return location.replace(/^https?:\/\/[^/]+/, '');
};

const listIn = (body: string, name: string): string[] => {
  const value = (JSON.parse(body) as Record<string, unknown>)[name];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
};

export const setSipPassword = async (at: Neighbour, impi: string, password: string): Promise<void> => {
  const body = JSON.stringify({ plaintext_password: password });
  await ask(at, { method: 'PUT', path: pathOf('private', impi), headers: JSON_TYPE, body }, 200);
};

const makeSet = async (at: Neighbour, key: string): Promise<string> => {
  const request: HttpRequest = { method: 'POST', path: '/irs', headers: { 'idempotency-key': key } };
  return located(request, (await ask(at, request, 201)).headers);
};

/** The line works once the last step is done: the identity is served with its criteria from the first call on. */
export const makeSubscriber = async (at: Neighbour, line: NewLine): Promise<void> => {
  const { impu, impi, password, filterCriteria, key } = line;
  if (password !== undefined) await setSipPassword(at, impi, password);
  const set = await makeSet(at, key);
  await ask(at, { method: 'PUT', path: `${set}${pathOf('private_ids', impi)}` }, 200);
  const request: HttpRequest = {
    method: 'POST',
    path: `${set}/service_profiles`,
    headers: { 'idempotency-key': key },
  };
  const profile = located(request, (await ask(at, request, 201)).headers);
  await ask(at, { method: 'PUT', path: `${profile}/filter_criteria`, headers: XML_TYPE, body: filterCriteria }, 200); // prettier-ignore
  const body = `<PublicIdentity><Identity>${escaped(impu)}</Identity></PublicIdentity>`;
  await ask(at, { method: 'PUT', path: `${profile}${pathOf('public_ids', impu)}`, headers: XML_TYPE, body }, 200); // prettier-ignore
};

/** Takes back what makeSubscriber began, however far it came. */
export const unmakeSubscriber = async (
  at: Neighbour,
  { key, impi, isOwnPrivate }: Readonly<{ key: string; impi: string; isOwnPrivate: boolean }>,
): Promise<void> => {
  await ask(at, { method: 'DELETE', path: await makeSet(at, key) }, 200, 204);
  // One that serves others is not what was begun here.
  if (isOwnPrivate && (await publicIdsOf(at, impi)).length === 0)
    await ask(at, { method: 'DELETE', path: pathOf('private', impi) }, 200, 204);
};

/** All public identities of the set that one is in, the default one first; undefined: there is no such identity. */
export const setOfPublic = async (at: Neighbour, impu: string): Promise<string[] | undefined> => {
  const request: HttpRequest = { method: 'GET', path: pathOf('public', impu, 'irs') };
  const found = await askOrNothing(at, request, NO_PUBLIC, 303);
  if (found === undefined) return undefined;
  const path = `${located(request, found.headers)}/public_ids`;
  const listed = await askOrNothing(at, { method: 'GET', path }, NO_SET, 200);
  return listed && listIn(listed.body, 'public_ids');
};

/** A public identity with its set, unless others are in it; with its private identity, unless it serves others. */
export const removeSubscriber = async (
  at: Neighbour,
  { impu, impi, isLast }: Readonly<{ impu: string; impi: string; isLast: boolean }>,
): Promise<void> => {
  const found = await askOrNothing(at, { method: 'GET', path: pathOf('public', impu, 'irs') }, NO_PUBLIC, 303); // prettier-ignore
  if (found !== undefined) {
    const set = located({ method: 'GET', path: pathOf('public', impu, 'irs') }, found.headers);
    const listed = await askOrNothing(at, { method: 'GET', path: `${set}/public_ids` }, NO_SET, 200);
    const publicIds = listed === undefined ? [] : listIn(listed.body, 'public_ids');
    if (publicIds.every((one) => one === impu)) await ask(at, { method: 'DELETE', path: set }, 200, 204);
    else await removePublicId(at, impu);
  }
  if (isLast) await ask(at, { method: 'DELETE', path: pathOf('private', impi) }, 200, 204);
};

const profileOf = async (at: Neighbour, impu: string): Promise<string | undefined> => {
  const request: HttpRequest = { method: 'GET', path: pathOf('public', impu, 'service_profile') };
  const found = await askOrNothing(at, request, NO_PUBLIC, 303);
  return found && located(request, found.headers);
};

const removePublicId = async (at: Neighbour, impu: string): Promise<void> => {
  const profile = await profileOf(at, impu);
  if (profile !== undefined)
    await ask(at, { method: 'DELETE', path: `${profile}${pathOf('public_ids', impu)}` }, 200, 204);
};

/** The private identities that may use a public one; undefined: there is no such public identity. */
export const privateIdsOf = async (at: Neighbour, impu: string): Promise<string[] | undefined> => {
  const request: HttpRequest = { method: 'GET', path: pathOf('public', impu, 'associated_private_ids') };
  const found = await askOrNothing(at, request, NO_PUBLIC, 200);
  return found && listIn(found.body, 'private_ids');
};

/** Somebody else made one of the two: nothing of it may be written over. */
export const isKnownElsewhere = async (at: Neighbour, impu: string, impi: string): Promise<boolean> => {
  if ((await privateIdsOf(at, impu)) !== undefined) return true;
  const request: HttpRequest = { method: 'GET', path: pathOf('private', impi) };
  return (await askOrNothing(at, request, NO_PRIVATE, 200)) !== undefined;
};

/** All public identities that a private one may use. */
export const publicIdsOf = async (at: Neighbour, impi: string): Promise<string[]> => {
  const request: HttpRequest = { method: 'GET', path: pathOf('private', impi, 'associated_public_ids') };
  const found = await askOrNothing(at, request, NO_PRIVATE, 200);
  return found === undefined ? [] : listIn(found.body, 'associated_public_ids');
};

/** The ServiceProfile with its criteria; undefined: no such identity, or none were given. */
export const filterCriteriaOf = async (at: Neighbour, impu: string): Promise<string | undefined> => {
  const profile = await profileOf(at, impu);
  if (profile === undefined) return undefined;
  const request: HttpRequest = { method: 'GET', path: `${profile}/filter_criteria` };
  return (await askOrNothing(at, request, NO_CRITERIA, 200))?.body;
};

/** False: no such identity. Rejects with 400 and the reason when they are none. */
export const putFilterCriteria = async (at: Neighbour, impu: string, xml: string): Promise<boolean> => {
  const profile = await profileOf(at, impu);
  if (profile === undefined) return false;
  const request: HttpRequest = {
    method: 'PUT',
    path: `${profile}/filter_criteria`,
    headers: XML_TYPE,
    body: xml,
  };
  const response = await ask(at, request, 200, 400);
  if (response.status === 400) throw badRequest(reasonIn(response) ?? 'these are no filter criteria');
  return true;
};
