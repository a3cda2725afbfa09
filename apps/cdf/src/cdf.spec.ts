// The CDF behind real nodes on a simulated network: records and their CSV, doubles, a disk that refuses, a start after another.
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { APPLICATIONS, type Body, createDiameterNode, createMemoryNetwork } from '#libs/diameter';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { type CdfOptions, createCdf } from './cdf.js';
import { type CdfRecord, csvLine, CSV_HEADER } from './cdf-record.js';
import { openRecordFiles, readRecords } from './record-files.js';

const ACR = (recordNumber: number, recordType = 2): Body => ({
  'Session-Id': 'client.ims.test;1;1',
  'Accounting-Record-Type': recordType,
  'Accounting-Record-Number': recordNumber,
  'User-Name': 'alice@ims.test',
  'Event-Timestamp': 1_893_456_000,
  'Service-Information': {
    'IMS-Information': {
      'Role-Of-Node': 0,
      'Node-Functionality': 0,
      'Calling-Party-Address': ['sip:alice@ims.test', 'tel:+1'],
      'Called-Party-Address': '=HYPERLINK("x")',
      'IMS-Charging-Identifier': 'icid-1',
    },
  },
});

const world = async (options: CdfOptions = {}, write?: (record: CdfRecord) => Promise<void>) => {
  const clock = createFakeClock();
  const network = createMemoryNetwork(clock);
  const records: CdfRecord[] = [];
  const node = (host: string, more: object) =>
    createDiameterNode({ host: `${host}.ims.test`, realm: 'ims.test', applications: [APPLICATIONS.accounting], transport: network, clock, random: createSeededRandom(host), ...more });
  const server = node('cdf', { welcome: () => true });
  const failures: unknown[] = [];
  const cdf = createCdf({ node: server, write: write ?? (async (record) => void records.push(record)), nowMs: clock.nowMs, failed: (error) => void failures.push(error) }, options);
  await server.listen({ host: 'cdf', port: 3868 });
  const client = node('client', { peers: [{ host: 'cdf.ims.test', address: { host: 'cdf', port: 3868 } }] });
  client.start();
  clock.advance(50);
  const send = async (body: Body, isRetransmitted = false) => {
    const asked = client.request('ACR', body, { isRetransmitted });
    await clock.advanceAsync(20);
    const outcome = await asked;
    return outcome.kind === 'answered' ? outcome : undefined;
  };
  return { cdf, records, failures, send };
}; // prettier-ignore

describe('the CDF', () => {
  it('answers with the type and number of the record, and writes it', async () => {
    const { send, records, cdf } = await world({ interimS: 60 });
    const outcome = await send(ACR(1));
    expect(outcome?.result?.code).toBe(2001);
    const { avps } = outcome!.answer;
    expect([avps.get('Accounting-Record-Type'), avps.get('Accounting-Record-Number')]).toEqual([2, 1]);
    expect(avps.get('Acct-Interim-Interval')).toBe(60);
    expect((await send(ACR(2, 4)))?.answer.avps.has('Acct-Interim-Interval')).toBe(false);
    expect(records.map(({ recordType, recordNumber }) => [recordType, recordNumber])).toEqual([['START', 1], ['STOP', 2]]);
    expect(records[0]).toMatchObject({ eventAt: '2030-01-01T00:00:00.000Z', userName: 'alice@ims.test', from: 'client.ims.test', duplicate: false });
    expect(cdf.counts).toEqual({ records: 2, duplicates: 0, retransmitted: 0, failed: 0 });
  });

  it('knows a record that it has, with the T flag or without, and takes it again', async () => {
    const { send, records, cdf } = await world();
    await send(ACR(1));
    expect((await send(ACR(1), true))?.result?.code).toBe(2001);
    await send(ACR(1));
    await send({ ...ACR(1), 'Session-Id': 'other' }, true);
    expect(records.map(({ duplicate, retransmitted }) => [duplicate, retransmitted])).toEqual([[false, false], [true, true], [true, false], [false, true]]);
    expect(cdf.counts).toEqual({ records: 2, duplicates: 2, retransmitted: 2, failed: 0 });
  });

  it('knows the records of an earlier run', async () => {
    const { send, records, cdf } = await world();
    cdf.remember({ sessionId: 'client.ims.test;1;1', recordNumber: 1 });
    for (const number of [1, 2]) await send(ACR(number), true);
    expect(records.map(({ duplicate }) => duplicate)).toEqual([true, false]);
  });

  it('forgets the oldest at its bound', async () => {
    const { send, records } = await world({ rememberedMax: 2 });
    for (const number of [1, 2, 3, 1]) await send(ACR(number));
    expect(records.at(-1)?.duplicate).toBe(false);
  });

  it('4002: the record could not be written, and is new when it comes again', async () => {
    let isFull = true;
    const { send, failures, cdf } = await world({}, async () => {
      if (isFull) throw new Error('ENOSPC');
    });
    expect((await send(ACR(1)))?.result?.code).toBe(4002);
    isFull = false;
    expect((await send(ACR(1), true))?.result?.code).toBe(2001);
    expect([failures.length, cdf.counts]).toEqual([1, { records: 1, duplicates: 0, retransmitted: 1, failed: 1 }]);
  });

  it('answers as it is told to', async () => {
    const { send, records } = await world({ resultCode: 3004 });
    expect((await send(ACR(1)))?.result?.code).toBe(3004);
    expect(records).toEqual([]);
  });
}); // prettier-ignore

describe('its files', () => {
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'cdf-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('hold each record as JSON and as CSV, and are read back at a start', async () => {
    const { send, records } = await world();
    await send(ACR(1));
    for (const round of [1, 2]) {
      const files = await openRecordFiles(folder);
      await Promise.all([files.write(records[0]!), files.write({ ...records[0]!, recordNumber: round + 1 })]);
      await files.close();
    }
    const csv = readFileSync(path.join(folder, 'cdr.csv'), 'utf8').trimEnd().split('\n');
    expect(csv[0]).toBe(CSV_HEADER);
    expect(csv).toHaveLength(5);
    expect(csv[1]).toBe('2030-01-01T00:00:00.051Z,2030-01-01T00:00:00.000Z,client.ims.test;1;1,START,1,alice@ims.test,icid-1,0,0,sip:alice@ims.test tel:+1,"\'=HYPERLINK(""x"")",,client.ims.test,false,false');
    expect(csvLine(records[0]!)).toBe(csv[1]);
    const again: number[] = [];
    expect(await readRecords(folder, ({ recordNumber }) => void again.push(recordNumber))).toBe(4);
    expect(again).toEqual([1, 2, 1, 3]);
  });

  it('begin a line of their own after a write that failed, perhaps in the middle of one', async () => {
    if (!existsSync('/dev/full')) return; // Linux has a disk that is always full
    const { send, records } = await world();
    await send(ACR(1));
    symlinkSync('/dev/full', path.join(folder, 'cdr.csv'));
    const files = await openRecordFiles(folder);
    for (const _time of [1, 2]) await expect(files.write(records[0]!)).rejects.toThrow('ENOSPC');
    await files.close();
    const line = JSON.stringify(records[0]);
    expect(readFileSync(path.join(folder, 'cdr.jsonl'), 'utf8')).toBe(`${line}\n\n${line}\n`);
    expect(await readRecords(folder, () => undefined)).toBe(2);
  });

  it('are none at the first start', async () => {
    expect(await readRecords(folder, () => undefined)).toBe(0);
  });
}); // prettier-ignore
