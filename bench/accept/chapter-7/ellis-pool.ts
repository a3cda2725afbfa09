// That the pool never gives one number twice: thousands of requests at once over two nodes until it is empty, numbers that are given back and
// taken while others ask, a node killed in between; and that nothing of it is lost on the way. Used by line-4.ts.
import { sleep, until } from '../../harness/children.js';
import type { BenchCluster } from '../../harness/cluster.js';
import { accountPath, askEllis, type EllisReply, makeAccount, numbersOf } from './ellis-client.js';
import { forEachAtOnce } from '../../harness/fleet.js';
import type { Site } from '../../harness/product.js';
import { askProvisioning } from '../../harness/users.js';
import type { Report } from '../line.js';

export type PoolSize = Readonly<{
  /** All at once, half of them at each node. */
  requests: number;
  /** Of the pool. */
  numbers: number;
  accounts: number;
  /** Numbers given back and asked for again while others do the same. */
  exchanges: number;
  /** A node is killed while so many ask; 0: none is. */
  askingAtKill: number;
}>;

const ACCOUNTS_AT_ONCE = 8;
const EXCHANGES_AT_ONCE = 24;
const LISTS_AT_ONCE = 4;
/** Who is told to come again comes again, so often at most. */
const TRIES_MAX = 400;
/** What a killed node left is younger than that under way elsewhere, as far as anybody knows. */
const GRACE_MS = 65_000;
const FIRST_MS_MAX = 60_000;
const PAGE = 1_000;

type Stage = Readonly<{
  nodes: readonly [string, string];
  accounts: readonly string[];
  /** Who holds which number, as far as clients were told. */
  held: Map<string, string>;
  twice: string[];
  faults: Map<string, number>;
}>;

const note = (counts: Map<string, number>, what: string): void =>
  void counts.set(what, (counts.get(what) ?? 0) + 1);

const isBusy = ({ status, json }: EllisReply): boolean =>
  status === 503 && /too many lines/.test(String(json['reason']));
const isEmpty = ({ status, json }: EllisReply): boolean =>
  status === 503 && /no numbers/.test(String(json['reason']));

type Outcome = 'granted' | 'none' | 'fault';

/** Asks until it is decided. A number that somebody holds already is one that was given twice. */
const take = async ({ held, twice, faults }: Stage, url: string, account: string): Promise<Outcome> => {
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const reply = await askEllis(url, 'POST', accountPath(account, 'numbers'), { as: 'key' }).catch((error: Error) => error);
    if (reply instanceof Error) {
      note(faults, reply.message);
      return 'fault';
    }
    if (reply.status === 200) {
      const number = String(reply.json['sip_uri']);
      const holder = held.get(number);
      if (holder !== undefined) twice.push(`${number}: ${holder} and ${account}`);
      held.set(number, account);
      return 'granted';
    }
    if (isEmpty(reply)) return 'none';
    if (!isBusy(reply)) {
      note(faults, `${reply.status} ${JSON.stringify(reply.json['detail'] ?? '')} ${String(reply.json['reason'])}`);
      return 'fault';
    }
    const waitS = Number(reply.headers['retry-after'] ?? 5);
    await sleep(waitS * 1_000 * (1 + Math.random()));
  }
  note(faults, 'told to come again too often');
  return 'fault';
}; // prettier-ignore

const accountAt = ({ accounts }: Stage, n: number): string => accounts[n % accounts.length]!;
const nodeAt = ({ nodes }: Stage, n: number): string => nodes[n % 2]!;

const takeAtOnce = async (stage: Stage, requests: number): Promise<readonly Outcome[]> =>
  Promise.all(
    Array.from({ length: requests }, (_, n) => take(stage, nodeAt(stage, n), accountAt(stage, n >> 1))),
  );

const countOf = (outcomes: readonly Outcome[], wanted: Outcome): number =>
  outcomes.filter((one) => one === wanted).length;

const judgeTwice = (report: Report, { twice }: Stage, when: string): void =>
  report.check(`no number is given twice ${when}`, twice.length === 0, twice.slice(0, 5).join('; '));

const rush = async (report: Report, stage: Stage, size: PoolSize): Promise<void> => {
  report.note(`${size.requests} requests at once for ${size.numbers} numbers`);
  const startMs = performance.now();
  const outcomes = await takeAtOnce(stage, size.requests);
  const tookS = (performance.now() - startMs) / 1_000;
  const granted = countOf(outcomes, 'granted');
  report.figure('requests at once', size.requests);
  report.figure('granted', granted);
  report.figure('refused, the pool being empty', countOf(outcomes, 'none'));
  report.figure('lines made a second', Math.round((granted / tookS) * 10) / 10);
  report.check('each request has its answer', outcomes.length === size.requests);
  report.check('nothing but numbers and an empty pool', countOf(outcomes, 'fault') === 0, JSON.stringify([...stage.faults])); // prettier-ignore
  judgeTwice(report, stage, 'at once');
};

/** Gives one back and asks for one, as often as it is said, many at once. What is sent back is held no longer from that moment. */
const exchange = async (report: Report, stage: Stage, exchanges: number): Promise<void> => {
  report.note(`${exchanges} numbers are given back and taken while others do the same`);
  const faults: string[] = [];
  let granted = 0;
  await forEachAtOnce(Array.from({ length: exchanges }), EXCHANGES_AT_ONCE, async (_, n) => {
    const [number, account] = [...stage.held][(n * 7) % stage.held.size] ?? [];
    if (number === undefined || account === undefined || !stage.held.delete(number)) return;
    const path = accountPath(account, 'numbers', number);
    const gone = await askEllis(nodeAt(stage, n), 'DELETE', path, { as: 'key' });
    if (gone.status !== 200) faults.push(`DELETE ${number}: ${gone.status} ${gone.text.slice(0, 200)}`);
    if ((await take(stage, nodeAt(stage, n + 1), accountAt(stage, n * 3))) === 'granted') granted++;
  });
  report.figure('given back and taken', { asked: exchanges, granted });
  report.check('what is given back is given back', faults.length === 0, faults.slice(0, 3).join('; '));
  report.check('some of it is taken again', granted > 0);
  judgeTwice(report, stage, 'while others are given back');
};

/** Some are under way at a node that is killed: nobody knows of those; a minute later it starts again and takes back what it left. */
const kill = async (
  report: Report,
  stage: Stage,
  { cluster }: BenchCluster,
  asking: number,
): Promise<void> => {
  const free = [...stage.held].slice(0, asking);
  await forEachAtOnce(free, EXCHANGES_AT_ONCE, async ([number, account]) => {
    stage.held.delete(number);
    await askEllis(nodeAt(stage, 0), 'DELETE', accountPath(account, 'numbers', number), { as: 'key' });
  });
  report.note('a node is killed while lines are made');
  const before = stage.held.size;
  const asked = takeAtOnce(stage, asking);
  await until('the first of them', FIRST_MS_MAX, () =>
    stage.held.size >= before + asking / 8 ? true : undefined,
  );
  await cluster.end('ellis-2', 'SIGKILL');
  const outcomes = await asked;
  report.figure('under way at the kill', { asked: asking, granted: countOf(outcomes, 'granted'), unanswered: countOf(outcomes, 'fault') }); // prettier-ignore
  await sleep(GRACE_MS);
  await cluster.launch('ellis-2');
  judgeTwice(report, stage, 'around a kill');
};

/** Every number of the pool is somebody's, once, whoever is asked. */
const judgeWhole = async (report: Report, stage: Stage, site: Site, numbers: number): Promise<void> => {
  report.note('what is left is taken; every number belongs to one account');
  // What was backed out is free again, and each node knows it.
  for (const url of stage.nodes)
    for (let n = 0; n < numbers && (await take(stage, url, accountAt(stage, n))) === 'granted'; n++);
  const byNode: Map<string, string[]>[] = [];
  for (const url of stage.nodes) {
    const owners = new Map<string, string[]>();
    await forEachAtOnce(stage.accounts, LISTS_AT_ONCE, async (account) => {
      for (const number of await numbersOf(url, account)) owners.set(number, [...(owners.get(number) ?? []), account]);
    });
    byNode.push(owners);
  }
  const [one, two] = byNode as [Map<string, string[]>, Map<string, string[]>];
  const shared = [...one].filter(([, owners]) => owners.length > 1);
  report.check('no number is in two accounts', shared.length === 0, JSON.stringify(shared.slice(0, 5)));
  report.check('both nodes say the same', one.size === two.size && [...one].every(([number, [owner]]) => two.get(number)?.[0] === owner));
  const lost = [...stage.held].filter(([number, account]) => one.get(number)?.[0] !== account);
  report.check('whoever was given a number has it', lost.length === 0, JSON.stringify(lost.slice(0, 5)));
  report.check('no number of the pool is lost', one.size === numbers, `${one.size} of ${numbers}`);
  const known = await publicIds(site);
  const odd = [...one.keys()].filter((number) => !known.has(number));
  report.check('each is a subscriber', odd.length === 0, odd.slice(0, 5).join(' '));
  report.check('and no other number of the pool is', [...known].filter((impu) => POOLED.test(impu)).length === numbers, String(known.size));
}; // prettier-ignore

/** A number of the pool, which ranges() made. */
const POOLED = /^sip:65055\d{5}@/;

/** NUMBER_RANGES for a pool of so many. */
export const rangesOf = (numbers: number): string => `6505500000-${6_505_500_000 + numbers - 1}`;

const publicIds = async (site: Site): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  for (let after: string | undefined = ''; after !== undefined;) {
    const from: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
    const { body } = await askProvisioning(site, 'GET', `/public/?excludeuuids=true&limit=${PAGE}${from}`);
    const page = JSON.parse(body) as Readonly<{ public_ids: readonly Readonly<{ public_id: string }>[]; next?: string }>;
    for (const { public_id } of page.public_ids) found.add(public_id);
    after = page.next;
  }
  return found;
}; // prettier-ignore

export const checkPool = async (
  report: Report,
  bench: BenchCluster,
  nodes: readonly [string, string],
  size: PoolSize,
): Promise<void> => {
  const accounts = Array.from({ length: size.accounts }, (_, n) => `pool${n}@example.com`);
  const stage: Stage = { nodes, accounts, held: new Map(), twice: [], faults: new Map() };
  await forEachAtOnce(accounts, ACCOUNTS_AT_ONCE, (account, n) => makeAccount(nodes[n % 2]!, account));
  await rush(report, stage, size);
  await exchange(report, stage, size.exchanges);
  if (size.askingAtKill > 0) await kill(report, stage, bench, size.askingAtKill);
  await judgeWhole(report, stage, bench.site(1), size.numbers);
};
