// Charging by the built product: a call and its records at a CDF; with the CDF away and the process killed, each record comes once all the same
// (docs/acceptance/chapter-6.md, line 4, in small).
import { type CdfRecord, createCdf } from '#apps/cdf';
import { APPLICATIONS, createDiameterNode, createTcpTransport, type DiameterNode } from '#libs/diameter';
import type { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { carryCall, statusOf } from './phone-calls.js';
import { freePort, RunningProduct, sleep } from './running-product.js';

/** Until the product calls the CDF again (RFC 3539: 6 s ± 2), a pause between tries, and some. */
const BACK_MS_MAX = 40_000;

const records: CdfRecord[] = [];
let cdf: DiameterNode | undefined;
let product: RunningProduct;
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
  product = await RunningProduct.start({ CDF_PEERS: `127.0.0.1:${port}` });
});
afterAll(async () => {
  await product.close();
  await stopCdf();
});

const phones = async (): Promise<readonly [Phone, Phone]> => {
  const pair = [await product.phone('alice'), await product.phone('bob')] as const;
  for (const phone of pair) expect(statusOf(await phone.register())).toBe(200);
  return pair;
};

/** Of INVITEs: `0 START 1` for the originating side's first. */
const told = (callIds: ReadonlySet<string>): readonly string[] =>
  records
    .filter(({ duplicate }) => !duplicate)
    .flatMap(({ avps, recordType, recordNumber }) => {
      const ims = (avps['Service-Information'] as { 'IMS-Information'?: Record<string, unknown> })['IMS-Information']; // prettier-ignore
      const isOurs = recordType !== 'EVENT' && !callIds.has(String(ims?.['User-Session-Id']));
      return isOurs ? [`${String(ims?.['Role-Of-Node'])} ${recordType} ${recordNumber}`] : [];
    })
    .toSorted();

const until = async (count: number, before: ReadonlySet<string>): Promise<readonly string[]> => {
  for (const endMs = clock.monotonicMs() + BACK_MS_MAX; clock.monotonicMs() < endMs; await sleep(50))
    if (told(before).length >= count) break;
  await sleep(300);
  return told(before);
};
const callIds = (): ReadonlySet<string> =>
  new Set(records.map(({ avps }) => String((avps['Service-Information'] as { 'IMS-Information'?: Record<string, unknown> })['IMS-Information']?.['User-Session-Id']))); // prettier-ignore

const ONE_CALL = ['0 START 1', '0 STOP 2', '1 START 1', '1 STOP 2'];

it('a call is a START and a STOP on each side', async () => {
  const [alice, bob] = await phones();
  expect(await carryCall(alice, bob)).toBe(200);
  expect(await until(4, new Set())).toEqual(ONE_CALL);
});

it('the CDF away, the process killed, the CDF back: each record comes, once', async () => {
  const [alice, bob] = await phones();
  const before = callIds();
  await stopCdf();
  for (const _time of [1, 2, 3]) expect(await carryCall(alice, bob)).toBe(200);
  // Facts are in the log within moments.
  await sleep(500);
  await product.end('SIGKILL');
  await product.launch();
  await startCdf();
  expect(await until(12, before)).toEqual([...ONE_CALL, ...ONE_CALL, ...ONE_CALL].toSorted());
  const unmarked = records.filter(({ duplicate, retransmitted }) => duplicate && !retransmitted);
  expect(unmarked).toEqual([]);
});
