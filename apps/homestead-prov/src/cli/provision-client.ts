// One subscriber over the provisioning REST API, step by step (backend.md §3): what is there already is left as it is, so that
// a run may be repeated, and one that was interrupted goes on. Used by provision-run.ts.
import type { HttpPool, HttpRequest, HttpResponse } from '#libs/http-pool';
import type { Clock } from '#libs/runtime';
import { digestHashes } from '../digest.js';
import { publicIdentityXml } from '../provisioned-xml.js';
import type { BulkSubscriber } from './bulk-csv.js';

export type ClientPorts = Readonly<{ pool: HttpPool; clock: Pick<Clock, 'after'> }>;

/** What one subscriber came to. */
export type Done = 'created' | 'changed' | 'unchanged';

/** The server said no; the message says to what, and what to do about it. */
export class ProvisioningRefused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Tries of one request while the server says 500 or 503; in between it is left alone for as long as it asks. */
export const TRIES_MAX = 5;
const RETRY_AFTER_S_MAX = 30;

const reasonOf = (body: string): string => {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown };
    return typeof reason === 'string' ? reason : '';
  } catch {
    return '';
  }
};

const ADVICE: Readonly<Record<number, string>> = {
  401: ' (give the key with --api-key-file data/api-key, or in API_KEY)',
  403: ' (the identity belongs to another subscriber, or the key has another role)',
};

const refused = ({ method, path }: HttpRequest, { status, body }: HttpResponse): ProvisioningRefused => {
  const reason = reasonOf(body);
  // A key that is not taken is the same for every path.
  const what = status === 401 ? '401' : `${method} ${decodeURIComponent(path)}: ${status}`;
  return new ProvisioningRefused(
    status,
    `${what}${reason === '' ? '' : ` ${reason}`}${ADVICE[status] ?? ''}`,
  );
};

/** Asks until the answer is one of `wanted`; 500 and 503 are tried again. */
const ask = async (
  { pool, clock }: ClientPorts,
  request: HttpRequest,
  ...wanted: readonly number[]
): Promise<HttpResponse> => {
  for (let tries = 1; ; tries++) {
    const response = await pool.request(request);
    if (wanted.includes(response.status)) return response;
    const again = response.status === 500 || response.status === 503;
    if (!again || tries >= TRIES_MAX) throw refused(request, response);
    const waitS = Math.min(Number(response.headers['retry-after'] ?? 1) || 1, RETRY_AFTER_S_MAX);
    await new Promise<void>((resolve) => void clock.after(waitS * 1000, resolve));
  }
};

const path = (...parts: readonly string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;

/** The credential, unless it is the one in force. */
const putCredential = async (ports: ClientPorts, subscriber: BulkSubscriber): Promise<Done> => {
  const { impi, realm } = subscriber;
  const shown = await ask(ports, { method: 'GET', path: path('private', impi) }, 200, 404);
  if (shown.status === 200 && 'password' in subscriber) {
    const inForce = JSON.parse(shown.body) as { digest_ha1?: string; realm?: string };
    const { ha1Md5 } = digestHashes(impi, realm, subscriber.password);
    if (inForce.realm === realm && inForce.digest_ha1 === ha1Md5) return 'unchanged';
  }
  const secret = 'aka' in subscriber ? { aka: subscriber.aka } : { plaintext_password: subscriber.password };
  const put = await ask(
    ports,
    {
      method: 'PUT',
      path: path('private', impi),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...secret, realm }),
    },
    200,
  );
  // Keys are not shown: that they are the same is told by there being no new revision.
  if ('aka' in subscriber && put.headers['etag'] === undefined) return 'unchanged';
  return shown.status === 200 ? 'changed' : 'created';
};

const locationOf = ({ headers }: HttpResponse): string => headers['location'] ?? '';

/** The identity's service profile, made with its set where there is none, and linked to the private identity. */
const putIdentity = async (
  ports: ClientPorts,
  { impi, impu }: BulkSubscriber,
): Promise<Readonly<{ profile: string; done: Done }>> => {
  const found = await ask(ports, { method: 'GET', path: path('public', impu, 'service_profile') }, 303, 404);
  if (found.status === 303) {
    const profile = locationOf(found);
    const asked = { method: 'GET', path: path('public', impu, 'associated_private_ids') } as const;
    const linked = JSON.parse((await ask(ports, asked, 200)).body) as { private_ids: string[] };
    if (linked.private_ids.includes(impi)) return { profile, done: 'unchanged' };
    const set = profile.split('/service_profiles/', 1)[0] ?? '';
    await ask(ports, { method: 'PUT', path: `${set}${path('private_ids', impi)}` }, 200);
    return { profile, done: 'changed' };
  }
  // A run that was interrupted here finds the same set and profile again.
  const headers = { 'idempotency-key': encodeURIComponent(`provision/${impu}`).slice(0, 255) };
  const set = locationOf(await ask(ports, { method: 'POST', path: '/irs', headers }, 201));
  await ask(ports, { method: 'PUT', path: `${set}${path('private_ids', impi)}` }, 200);
  const profiles = { method: 'POST', path: `${set}/service_profiles`, headers } as const;
  const profile = locationOf(await ask(ports, profiles, 201));
  await ask(
    ports,
    {
      method: 'PUT',
      path: `${profile}${path('public_ids', impu)}`,
      headers: { 'content-type': 'application/xml' },
      body: publicIdentityXml(impu),
    },
    200,
  );
  return { profile, done: 'created' };
};

/** The filter criteria, unless they are the ones that are there. */
const putFilterCriteria = async (ports: ClientPorts, profile: string, xml: string): Promise<Done> => {
  const shown = await ask(ports, { method: 'GET', path: `${profile}/filter_criteria` }, 200, 404);
  if (shown.status === 200 && shown.body === xml) return 'unchanged';
  const headers = { 'content-type': 'application/xml' };
  await ask(ports, { method: 'PUT', path: `${profile}/filter_criteria`, headers, body: xml }, 200);
  return 'changed';
};

export const provisionOne = async (
  ports: ClientPorts,
  subscriber: BulkSubscriber,
  ifcXml?: string,
): Promise<Done> => {
  const credential = await putCredential(ports, subscriber);
  const { profile, done: identity } = await putIdentity(ports, subscriber);
  const criteria = ifcXml === undefined ? 'unchanged' : await putFilterCriteria(ports, profile, ifcXml);
  if (identity === 'created') return 'created';
  return [credential, identity, criteria].every((part) => part === 'unchanged') ? 'unchanged' : 'changed';
};
