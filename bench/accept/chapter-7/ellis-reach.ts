// That no account reaches another one's numbers: every operation of the OpenAPI document of the Ellis that runs, asked as somebody else and as
// nobody, with the account and the number spelled in many ways; paths that try to leave one's own tree; headers that claim to be somebody.
// Whatever was tried, what the owner has is as it was. Used by line-4.ts.
import {
  accountPath,
  askEllis,
  type EllisReply,
  makeAccount,
  newNumber,
  numbersOf,
  signIn,
} from './ellis-client.js';
import { type Site, urlOf } from '../../harness/product.js';
import { askProvisioning } from '../../harness/users.js';
import type { Report } from '../line.js';

const OWNER = 'owner@example.com';
const OTHER = 'other@example.com';
const OPERATIONS_MIN = 25;
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];
const XML = { 'content-type': 'application/xml' };

type Operation = Readonly<{ method: string; path: string }>;

/** Two nodes, an account signed in at each. */
type Stage = Readonly<{
  nodes: readonly [string, string];
  owner: string;
  other: string;
  /** The owner's. */
  number: string;
  /** The other one's. */
  own: string;
}>;

const operationsOf = async (url: string): Promise<readonly Operation[]> => {
  const { paths = {} } = (await askEllis(url, 'GET', '/docs/json')).json as Readonly<{ paths?: Record<string, object> }>; // prettier-ignore
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) => METHODS.includes(method))
      .map((method) => ({ method: method.toUpperCase(), path })),
  );
};

const fill = (path: string, account: string, number: string): string =>
  path
    .replace('{account}', encodeURIComponent(account))
    .replace('{number}', encodeURIComponent(number))
    .replace('{listed}', '1')
    .replace('{call}', 'abc');

/** What would do harm if it were let through. */
const bodyFor = ({ path, method }: Operation): object => {
  if (method === 'GET') return {};
  if (/simservs$|ifcs/.test(path)) return { body: '<ServiceProfile/>', headers: XML };
  if (/^\/accounts\/\{account\}\/password/.test(path))
    return { body: { current_password: 'correct horse', password: 'taken over' } };
  return { body: {} };
};

const startStage = async (nodes: readonly [string, string]): Promise<Stage> => {
  const [one, two] = nodes;
  await makeAccount(one, OWNER);
  await makeAccount(two, OTHER);
  const [owner, other] = [await signIn(one, OWNER), await signIn(two, OTHER)];
  return { nodes, owner, other, number: await newNumber(two, OWNER, owner), own: await newNumber(one, OTHER, other) };
}; // prettier-ignore

/** All that the owner has, as both nodes and Homestead Prov show it. */
const stateOf = async (site: Site, { nodes, owner, number }: Stage): Promise<string> => {
  const seen: string[] = [];
  for (const url of nodes)
    for (const rest of [[], [number, 'simservs'], [number, 'ifcs'], [number, 'listed']]) {
      const { status, text } = await askEllis(url, 'GET', accountPath(OWNER, 'numbers', ...rest), { as: owner });
      seen.push(`${status} ${text}`);
    }
  const impi = encodeURIComponent(number.slice('sip:'.length));
  seen.push((await askProvisioning(site, 'GET', `/private/${impi}`)).body);
  return seen.join('\n');
}; // prettier-ignore

const judgeOperations = async (report: Report, stage: Stage): Promise<void> => {
  const { nodes, other, number } = stage;
  const operations = (await operationsOf(nodes[0])).filter(({ path }) => /^\/(accounts\/\{account\}|operator)/.test(path)); // prettier-ignore
  report.atLeast('operations that were tried', operations.length, OPERATIONS_MIN);
  const accounts = [OWNER, OWNER.toUpperCase(), ` ${OWNER}`, `${OWNER} `];
  const numbers = [number, number.toUpperCase(), number.replace('sip:', 'sips:'), `${number};user=phone`, `${number}/`, `../${OWNER}/numbers/${number}`, `${number}?x`]; // prettier-ignore
  let asked = 0;
  const expect = async (operation: Operation, path: string, as: string | undefined, statuses: readonly number[]) => {
    for (const url of nodes) {
      asked++;
      const { method } = operation;
      const ask = { ...bodyFor(operation), ...(as === undefined ? {} : { as }) };
      const { status, text } = await askEllis(url, method, path, ask);
      report.check(`${method} ${path} as ${as === undefined ? 'nobody' : 'somebody else'}: ${statuses.join(' or ')}`, statuses.includes(status), `${status} ${text.slice(0, 200)}`);
    }
  }; // prettier-ignore
  for (const operation of operations) {
    const { path } = operation;
    for (const account of accounts) {
      await expect(operation, fill(path, account, number), other, [403]);
      await expect(operation, fill(path, account, number), undefined, [403]);
    }
    // One's own account, and the number of somebody else. Numbers are named by the key alone, whosever they are.
    if (!path.startsWith('/accounts/') || !path.includes('{number}')) continue;
    const isNaming = operation.method === 'POST' && path.endsWith('{number}');
    for (const name of numbers) await expect(operation, fill(path, OTHER, name), other, [isNaming ? 403 : 404]); // prettier-ignore
  }
  report.figure('requests that tried', asked);
};

/** As they go over the wire: nothing on the way makes them decent. */
const pathsOutOf = ({ number, nodes }: Stage): readonly string[] => {
  const [own, owner, name] = [OTHER, OWNER, number].map(encodeURIComponent) as [string, string, string];
  const doc = `${owner}/numbers/${name}/simservs`;
  return [
    `/accounts/${own}/../${doc}`,
    `/accounts/${own}/%2e%2e/${doc}`,
    `/accounts/${own}%2f..%2f${doc}`,
    `/accounts/${own}/numbers/../../${doc}`,
    `/accounts/${own}/numbers/..%2f..%2f${doc}`,
    `/accounts/./${doc}`,
    `/accounts//${doc}`,
    `//accounts/${doc}`,
    `/accounts/${owner};${own}/numbers`,
    `/accounts/${owner.replace('%40', '%2540')}/numbers`,
    `/accounts/${own}%00${owner}/numbers`,
    `/ACCOUNTS/${doc}`,
    `/accounts/${doc}?account=${own}&username=${own}&email=${own}`,
    `/accounts/${own}/numbers/${name}/simservs?account=${owner}`,
    `/operator/../accounts/${doc}`,
    `/operator/subscribers/${name}`,
    `${nodes[0]}/accounts/${doc}`,
  ];
};

const CLAIMS: readonly Readonly<Record<string, string>>[] = [
  { 'ngv-api-key': '' },
  { 'ngv-api-key': 'null' },
  { 'x-api-key': 'undefined' },
  { authorization: 'Bearer x' },
  { 'x-forwarded-for': '127.0.0.1' },
  { 'x-forwarded-user': OWNER, 'x-remote-user': OWNER, 'x-email': OWNER },
  { 'x-3gpp-asserted-identity': `"sip:${OWNER}"`, 'x-xcap-asserted-identity': `"sip:${OWNER}"` },
  { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' },
];

const isKeptOut = ({ status, text }: EllisReply): boolean => status >= 400 && status < 500 && !/simservs xmlns/.test(text); // prettier-ignore

const judgePaths = async (report: Report, stage: Stage): Promise<void> => {
  const { nodes, other, number } = stage;
  for (const path of pathsOutOf(stage))
    for (const method of ['GET', 'DELETE', 'PUT', 'POST'])
      for (const url of nodes) {
        const reply = await askEllis(url, method, path, { as: other, headers: XML, body: method === 'GET' ? '' : '<simservs/>' }); // prettier-ignore
        report.check(`${method} ${path}: no way`, isKeptOut(reply), `${reply.status} ${reply.text.slice(0, 200)}`); // prettier-ignore
      }
  const path = accountPath(OWNER, 'numbers', number, 'simservs');
  for (const headers of CLAIMS) {
    const reply = await askEllis(nodes[0], 'GET', path, { as: other, headers });
    report.check(`${JSON.stringify(headers)} opens nothing`, reply.status === 403, String(reply.status));
  }
  // A cookie of one's own does not become another's by what stands beside it.
  for (const cookie of [`${other}; session=${OWNER}`, `session=${OWNER}; ${other}`, 'session=', `${other.slice(0, -1)}`]) {
    const reply = await askEllis(nodes[1], 'GET', path, { as: cookie });
    report.check(`the cookie ${cookie.slice(0, 30)} opens nothing`, reply.status === 403, String(reply.status));
  }
}; // prettier-ignore

/** The private identity of another one's number is not to be shared. */
const judgePrivateIds = async (report: Report, { nodes, other, number }: Stage): Promise<void> => {
  for (const url of nodes) {
    const body = { private_id: number.slice('sip:'.length) };
    const { status } = await askEllis(url, 'POST', accountPath(OTHER, 'numbers'), { as: other, body });
    report.check('another one’s private identity is not shared', status === 403, String(status));
  }
};

/** A number that changes hands leaves nothing of its former owner, and lets him in no more. */
const judgeHandOver = async (report: Report, { nodes, owner, other, number }: Stage): Promise<void> => {
  const [one, two] = nodes;
  const doc = accountPath(OWNER, 'numbers', number, 'simservs');
  const before = await askEllis(one, 'GET', doc, { as: owner });
  const mine = before.text.replace('<NoReplyTimer>30', '<NoReplyTimer>17');
  const put = await askEllis(two, 'PUT', doc, { as: owner, body: mine, headers: XML });
  const gone = await askEllis(one, 'DELETE', accountPath(OWNER, 'numbers', number), { as: owner });
  const taken = await askEllis(two, 'POST', accountPath(OTHER, 'numbers', number), { as: 'key' });
  report.check('a number changes hands', put.status === 200 && gone.status === 200 && taken.status === 200, `${put.status} ${gone.status} ${taken.status} ${taken.text}`); // prettier-ignore
  for (const url of nodes) {
    const former = await askEllis(url, 'GET', doc, { as: owner });
    report.check('its former owner is let in no more', former.status === 404, String(former.status));
    const fresh = await askEllis(url, 'GET', accountPath(OTHER, 'numbers', number, 'simservs'), {
      as: other,
    });
    report.check('nothing of the former owner’s is left', fresh.status === 200 && !fresh.text.includes('>17<'), `${fresh.status} ${fresh.text.slice(0, 200)}`); // prettier-ignore
    const lists = await Promise.all([numbersOf(url, OWNER, owner), numbersOf(url, OTHER, other)]);
    report.check('each sees its own', !lists[0].includes(number) && lists[1].includes(number), lists.join(' | ')); // prettier-ignore
  }
};

export const checkReach = async (report: Report, site: Site, nodes: readonly [string, string]): Promise<void> => {
  report.note('an account that tries to reach another one’s numbers');
  const stage = await startStage(nodes);
  const before = await stateOf(site, stage);
  report.check('the owner’s state is there', before.includes('simservs') && before.includes(stage.number), before.slice(0, 300));
  await judgeOperations(report, stage);
  await judgePaths(report, stage);
  await judgePrivateIds(report, stage);
  const after = await stateOf(site, stage);
  report.check('what the owner has is as it was', after === before, `${before}\n≠\n${after}`);
  // The doors behind Ellis take no cookie.
  for (const port of ['HOMER_PORT', 'HOMESTEAD_PROV_PORT'] as const) {
    const path = port === 'HOMER_PORT' ? `/org.etsi.ngn.simservs/users/${encodeURIComponent(stage.number)}/simservs.xml` : `/public/${encodeURIComponent(stage.number)}/irs`;
    const { status } = await askEllis(urlOf(site, port), 'GET', path, { as: stage.other });
    report.check(`${port}: a session is nothing there`, status === 401, String(status));
  }
  await judgeHandOver(report, stage);
  for (const account of [OWNER, OTHER]) {
    const { status } = await askEllis(nodes[1], 'DELETE', `${accountPath(account)}/`, { as: 'key' });
    report.check('both accounts go', status === 204, String(status));
  }
}; // prettier-ignore
