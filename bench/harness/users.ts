// Subscribers for a bench: provisioned over Homestead Prov's REST API (the same calls that an operator's tool makes), and
// written as the CSV that SIPp takes. Fields: 0 user, 1 domain, 2 [authentication …], 3 user called, 4 device.
import { sleep } from './children.js';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { API_KEY, DOMAIN, type Site, urlOf } from './product.js';

export const PASSWORD = 'secret';
const REQUESTS_AT_ONCE = 16;

export type User = Readonly<{ name: string; impu: string; impi: string }>;

export const userOf = (name: string, domain = DOMAIN): User => ({
  name,
  impu: `sip:${name}@${domain}`,
  impi: `${name}@${domain}`,
});

/** a000000, a000001, … */
export const usersOf = (prefix: string, count: number): readonly User[] =>
  Array.from({ length: count }, (_, i) => userOf(`${prefix}${String(i).padStart(6, '0')}`));

export type Answer = Readonly<{ status: number; location: string; body: string }>;

/** One request to the provisioning API; rejects unless the status is one of those expected. */
export const askProvisioning = async (
  site: Site,
  method: string,
  url: string,
  body?: string,
  type = 'application/json',
): Promise<Answer> => {
  const response = await fetch(`${urlOf(site, 'HOMESTEAD_PROV_PORT')}${url}`, {
    method,
    headers: { 'X-API-Key': API_KEY, ...(body === undefined ? {} : { 'Content-Type': type }) },
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
  });
  return {
    status: response.status,
    location: response.headers.get('location') ?? '',
    body: await response.text(),
  };
};

const TRIES_MAX = 4;
const RETRY_MS = 1_000;

const must = async (
  site: Site,
  method: string,
  url: string,
  body?: string,
  type?: string,
): Promise<Answer> => {
  let answer = await askProvisioning(site, method, url, body, type);
  // A disk that stalls is answered 500, and means: ask again. As any client would, a few times.
  for (let attempt = 1; answer.status === 500 && attempt < TRIES_MAX; attempt += 1) {
    await sleep(RETRY_MS);
    answer = await askProvisioning(site, method, url, body, type);
  }
  if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${answer.body}`);
  return answer;
};

/** The path of a created resource, whether Location is a path or a URL. */
const pathOf = (answer: Answer): string => answer.location.replace(/^https?:\/\/[^/]+/, '');

export type Provisioned = Readonly<{ user: User; irs: string; serviceProfile: string }>;

export type ProvisionOptions = Readonly<{
  password?: string;
  /** A SIM in the password's place. */
  aka?: Readonly<{ k: string; opc: string }>;
  filterCriteria?: string;
  /** Another public identity of the same set. */
  alias?: string;
}>;

/** The six calls that make one subscriber with one identity. */
export const provisionUser = async (
  site: Site,
  user: User,
  options: ProvisionOptions = {},
): Promise<Provisioned> => {
  const { password = PASSWORD, aka, filterCriteria = '<ServiceProfile></ServiceProfile>' } = options;
  const impi = encodeURIComponent(user.impi);
  const secret = aka === undefined ? { plaintext_password: password } : { aka };
  const irs = pathOf(await must(site, 'POST', '/irs'));
  const serviceProfile = pathOf(await must(site, 'POST', `${irs}/service_profiles`));
  await must(site, 'PUT', `/private/${impi}`, JSON.stringify(secret));
  await must(site, 'PUT', `${irs}/private_ids/${impi}`);
  await must(site, 'PUT', `${serviceProfile}/filter_criteria`, filterCriteria, 'application/xml');
  for (const each of [user.impu, ...(options.alias === undefined ? [] : [options.alias])]) {
    const identity = `<PublicIdentity><Identity>${each}</Identity></PublicIdentity>`;
    const url = `${serviceProfile}/public_ids/${encodeURIComponent(each)}`;
    await must(site, 'PUT', url, identity, 'application/xml');
  }
  return { user, irs, serviceProfile };
};

/** Provisions all, several at once. */
export const provision = async (
  site: Site,
  users: readonly User[],
  options: ProvisionOptions = {},
): Promise<readonly Provisioned[]> => {
  const done: Provisioned[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let user = users[next]; user; user = users[next]) {
      next += 1;
      done.push(await provisionUser(site, user, options));
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
  return done;
};

/** One device a SIPp process: users of one process share its instance id. */
export const DEVICES = { caller: '0000000000a1', callee: '0000000000b2' } as const;

/** Writes the file; user i calls `called[i]`. */
export const writeUsersFile = (
  folder: string,
  name: string,
  users: readonly User[],
  called: readonly User[],
  device: string,
  password = PASSWORD,
): string => {
  const file = path.join(folder, `${name}.csv`);
  const lines = users.map((user, i) => {
    const callee = called[i % called.length]?.name ?? user.name;
    return `${user.name};${DOMAIN};[authentication username=${user.impi} password=${password}];${callee};${device}`;
  });
  writeFileSync(file, `SEQUENTIAL\n${lines.join('\n')}\n`);
  return file;
};
