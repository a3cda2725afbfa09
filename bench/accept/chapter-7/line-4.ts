// 7.4: Ellis' REST. Each row of backend.md §9 with its tests, which have to pass, and walked over two nodes of Ellis on the real engines, each
// request at the other node than the one before, with Homestead Prov, Homer and the rest apart; the pool that never gives one number twice;
// accounts that cannot reach each other's numbers.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../../harness/children.js';
import { type BenchCluster, withCluster } from '../../harness/cluster.js';
import { accountPath, askEllis, forgetConnections, makeAccount, signIn } from './ellis-client.js';
import { urlOf } from '../../harness/product.js';
import { userOf } from '../../harness/users.js';
import { checkCallBetween, checkStatus, newPhone } from '../checks.js';
import { runJest } from '../jest-run.js';
import type { Line, Report } from '../line.js';
import { checkPool, type PoolSize, rangesOf } from './ellis-pool.js';
import { checkReach } from './ellis-reach.js';
import { endpointsOfThePage, ROWS, type Walker } from './ellis-rows.js';

const FULL: PoolSize = {
  requests: 10_000,
  numbers: 2_000,
  accounts: 100,
  exchanges: 1_000,
  askingAtKill: 200,
};
const QUICK: PoolSize = { requests: 1_000, numbers: 100, accounts: 20, exchanges: 60, askingAtKill: 0 };
const ROWS_OF_THE_PAGE = 12;
const SEEN_MS_MAX = 20_000;
const EACH = { bono: 1, sprout: 1, homestead: 2, 'homestead-prov': 2, homer: 2, ellis: 2, projector: 0, chronos: 0, rogers: 2 }; // prettier-ignore

/** The tests of every row, in one run; a row without one that passes fails. */
const checkRows = async (report: Report): Promise<void> => {
  report.note('tests of the rows');
  const page = endpointsOfThePage();
  const rowOf = (endpoint: string) => ROWS.find((row) => endpoint.startsWith(row.endpoint));
  report.check('the page has its rows', page.length === ROWS_OF_THE_PAGE, page.join('; '));
  report.check('each row has its tests', page.every((endpoint) => rowOf(endpoint) !== undefined), page.filter((endpoint) => rowOf(endpoint) === undefined).join('; '));
  report.check('and none has two', new Set(page.map(rowOf)).size === ROWS.length);
  const folder = mkdtempSync(path.join(tmpdir(), 'jest-'));
  try {
    const patterns = ['apps/clearwater/src/ellis-', 'apps/ellis/src', 'libs/domain/src/account', 'projections/lines-by-account'];
    const run = await runJest(['--testMatch', '**/*.spec.ts', '--testPathPatterns', ...patterns], path.join(folder, 'output.json'));
    report.figure('tests that passed', run.passed);
    report.check('no test fails', run.failed === 0, run.failures.join('; '));
    const passed = new Set(run.names);
    const table: Record<string, readonly string[]> = {};
    for (const endpoint of page) {
      const { tests = [] } = rowOf(endpoint) ?? {};
      table[endpoint] = tests;
      const absent = tests.filter((name) => !passed.has(name));
      report.check(`${endpoint}: its tests pass`, tests.length > 0 && absent.length === 0, absent.join('; '));
    }
    report.figure('rows', table);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}; // prettier-ignore

const walk = async (report: Report, nodes: readonly [string, string]): Promise<void> => {
  report.note('every row over two nodes');
  let asked = 0;
  const next = (): string => nodes[asked++ % 2]!;
  const walker: Walker = { next, email: 'walker@example.com', cookie: '', number: '', privateId: '' };
  for (const row of ROWS)
    for (const [what, reply, status, holds = true] of await row.walk(walker))
      report.check(`${row.endpoint}, ${what}: ${status}`, reply.status === status && holds, `${reply.status} ${reply.text.slice(0, 300)}`); // prettier-ignore
  report.figure('requests of the walk', asked);
};

/** The call is in the number's list, a moment after it, whichever node is asked. */
const seeCall = async (report: Report, url: string, number: string): Promise<void> => {
  const path = accountPath('caller0@example.com', 'numbers', number, 'calls');
  const calls = async () => (await askEllis(url, 'GET', path, { as: 'key' })).json['calls'] as readonly unknown[] | undefined; // prettier-ignore
  const seen = await until('the call to be listed', SEEN_MS_MAX, async () => ((await calls())?.length === 1 ? true : undefined))
    .catch(() => false); // prettier-ignore
  report.check('the call is listed at each node', seen, JSON.stringify(await calls()));
};

/** Who is given a number sees nothing of what was called when it was another one's. */
const seeNoFormerCalls = async (report: Report, nodes: readonly [string, string], number: string): Promise<void> => {
  const email = 'heir@example.com';
  await makeAccount(nodes[0], email);
  const as = await signIn(nodes[1], email);
  const taken = await askEllis(nodes[0], 'POST', accountPath(email, 'numbers', number), { as: 'key' });
  report.check('the number is given to somebody else', taken.status === 200, taken.text);
  for (const url of nodes) {
    const { status, json } = await askEllis(url, 'GET', accountPath(email, 'numbers', number, 'calls'), { as });
    report.check('who sees none of its former calls', status === 200 && (json['calls'] as readonly unknown[] | undefined)?.length === 0, JSON.stringify(json));
  }
  await askEllis(nodes[0], 'DELETE', `${accountPath(email)}/`, { as: 'key' });
}; // prettier-ignore

/** Two lines as people get them: their phones register with what was shown once, and call each other. */
const callOnLines = async (report: Report, bench: BenchCluster, nodes: readonly [string, string]): Promise<void> => {
  report.note('lines of both nodes call each other');
  const phones = [];
  for (const [n, url] of nodes.entries()) {
    const email = `caller${n}@example.com`;
    await makeAccount(url, email);
    const as = await signIn(nodes[1 - n]!, email);
    const { json } = await askEllis(url, 'POST', accountPath(email, 'numbers'), { as });
    const user = userOf(String(json['sip_username']));
    const phone = await newPhone(bench.site(1), user, 'udp', { password: String(json['sip_password']) });
    checkStatus(report, `${user.name} registers`, await phone.register(), 200);
    const shown = await askEllis(nodes[1 - n]!, 'GET', accountPath(email, 'numbers', user.impu, 'devices'), { as });
    report.check('its device is shown at the other node', (shown.json['devices'] as readonly unknown[] | undefined)?.length === 1, shown.text);
    phones.push(phone);
  }
  const [one, two] = phones;
  await checkCallBetween(report, one!, two!, 'lines of two nodes');
  for (const url of nodes) await seeCall(report, url, one!.user.impu);
  for (const [n, phone] of phones.entries()) {
    phone.close();
    const { status } = await askEllis(nodes[n]!, 'DELETE', `${accountPath(`caller${n}@example.com`)}/`, { as: 'key' });
    report.check('the account goes, and its line with it', status === 204, String(status));
  }
  await seeNoFormerCalls(report, nodes, one!.user.impu);
}; // prettier-ignore

const onTheEngines = (report: Report, size: PoolSize): Promise<void> =>
  withCluster(
    {
      kafkaNodes: 1,
      isPinned: false,
      each: EACH,
      env: { NUMBER_RANGES: rangesOf(size.numbers), NUMBERS_PER_ACCOUNT_MAX: '1000' },
    },
    async (bench) => {
      const nodes = [urlOf(bench.site(1), 'ELLIS_PORT'), urlOf(bench.site(2), 'ELLIS_PORT')] as const;
      try {
        await walk(report, nodes);
        await callOnLines(report, bench, nodes);
        await checkReach(report, bench.site(1), nodes);
        await checkPool(report, bench, nodes, size);
      } finally {
        forgetConnections();
      }
      report.check('all stop with 0', await bench.cluster.stop());
      const { endedByThemselves } = bench;
      report.check('nobody ended before', endedByThemselves.length === 0, endedByThemselves.join('\n'));
    },
  );

export const line: Line = {
  async run(report) {
    await checkRows(report);
    await onTheEngines(report, report.quick ? QUICK : FULL);
  },
};
