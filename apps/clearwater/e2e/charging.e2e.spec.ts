// Charging by the built product: a call and its records at a CDF; with the CDF away and the process killed, each record comes once all the same
// (docs/acceptance/chapter-6.md, line 4, in small).
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type CdfRecord, createCdf } from '#apps/cdf';
import { APPLICATIONS, createDiameterNode, createTcpTransport, type DiameterNode } from '#libs/diameter';
import type { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { carryCall, statusOf } from './phone-calls.js';
import { freePort, RunningProduct, sleep } from './running-product.js';

/** Until the product calls the CDF again (RFC 3539: 6 s ± 2), a pause between tries, and some. */
const BACK_MS_MAX = 40_000;
const CHARGING = path.resolve(import.meta.dirname, '../../../dist/apps/ralf/src/cli/charging.js');

const records: CdfRecord[] = [];
let cdf: DiameterNode | undefined;
let product: RunningProduct;
let alice: Phone;
let bob: Phone;
let port = 0;

/** It knows what it took before, as on a disk. */
const startCdf = async (): Promise<void> => {
  const host = 'cdf.ims.test';
  const node = createDiameterNode({ host, realm: 'ims.test', applications: [APPLICATIONS.accounting], transport: createTcpTransport(), clock, random, welcome: () => true }); // prettier-ignore
  const write = async (record: CdfRecord): Promise<void> => void records.push(record);
  const taken = createCdf({ node, write, nowMs: () => clock.nowMs(), failed: () => undefined });
  for (const record of records) taken.remember(record);
  await node.listen({ host: '127.0.0.1', port });
  cdf = node;
};
const stopCdf = async (): Promise<void> => {
  await cdf?.stop();
  cdf = undefined;
};

beforeAll(async () => {
  port = await freePort();
  await startCdf();
  product = await RunningProduct.start({ CDF_PEERS: `127.0.0.1:${port}`, CDF_IDENTITY: 'cdf.ims.test' });
  [alice, bob] = [await product.phone('alice'), await product.phone('bob')];
  for (const phone of [alice, bob]) expect(statusOf(await phone.register())).toBe(200);
});
afterAll(async () => {
  await product.close();
  await stopCdf();
});

const imsOf = (avps: CdfRecord['avps']): Record<string, unknown> | undefined =>
  (avps['Service-Information'] as { 'IMS-Information'?: Record<string, unknown> })['IMS-Information'];

/** Of INVITEs: `scscf 0 START 1` for the first of the router's originating side. */
const told = (callIds: ReadonlySet<string>): readonly string[] =>
  records
    .filter(({ duplicate }) => !duplicate)
    .flatMap(({ avps, recordType, recordNumber }) => {
      const ims = imsOf(avps);
      const isOurs = recordType !== 'EVENT' && !callIds.has(String(ims?.['User-Session-Id']));
      const node = ims?.['Node-Functionality'] === 1 ? 'pcscf' : 'scscf';
      return isOurs ? [`${node} ${String(ims?.['Role-Of-Node'])} ${recordType} ${recordNumber}`] : [];
    })
    .toSorted();

const until = async (count: number, before: ReadonlySet<string>): Promise<readonly string[]> => {
  for (const endMs = clock.monotonicMs() + BACK_MS_MAX; clock.monotonicMs() < endMs; await sleep(50))
    if (told(before).length >= count) break;
  await sleep(300);
  return told(before);
};
const callIds = (): ReadonlySet<string> =>
  new Set(records.map(({ avps }) => String(imsOf(avps)?.['User-Session-Id'])));

const ONE_CALL = ['pcscf', 'scscf'].flatMap((node) =>
  [0, 1].flatMap((role) => [`${node} ${role} START 1`, `${node} ${role} STOP 2`]),
);

it('a call is a START and a STOP on each side, of the router and of the edge', async () => {
  expect(await carryCall(alice, bob)).toBe(200);
  expect(await until(8, new Set())).toEqual(ONE_CALL);
  const icids = records.filter(({ recordType }) => recordType === 'START').map(({ avps }) => imsOf(avps)?.['IMS-Charging-Identifier']); // prettier-ignore
  expect(new Set(icids).size).toBe(1);
});

it('the CDF away, the process killed, the CDF back: each record comes, once', async () => {
  const before = callIds();
  await stopCdf();
  for (const _time of [1, 2, 3]) expect(await carryCall(alice, bob)).toBe(200);
  // Facts are in the log within moments.
  await sleep(500);
  await product.end('SIGKILL');
  await product.launch();
  await startCdf();
  expect(await until(24, before)).toEqual([...ONE_CALL, ...ONE_CALL, ...ONE_CALL].toSorted());
  const unmarked = records.filter(({ duplicate, retransmitted }) => duplicate && !retransmitted);
  expect(unmarked).toEqual([]);
});

it('reconciliation finds nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [CHARGING, 'reconcile', '--to', '-1s', '--json'], { env: product.env, cwd: tmpdir() }); // prettier-ignore
  const { calls, found, findings } = JSON.parse(stdout) as { calls: number; found: object; findings: object };
  expect({ calls, findings, found }).toEqual({ calls: 4, findings: [], found: { missing: 0, doubled: 0, different: 0, refused: 0 } }); // prettier-ignore
});
