// The view of charging sessions: what it holds and forgets, its bound, and its snapshot.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ChargingEvent } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import { createFakeClock, settle } from '#libs/testkit';
import { openChargingSnapshots } from './charging-sessions.store.js';
import { ChargingSessions, REMEMBERED_MAX, REMEMBERED_MS } from './charging-sessions.js';

const parties = { icid: 'i', callId: 'c', nodeFunctionality: 0, role: 0, method: 'INVITE', callingParty: [], calledParty: '', ccf: [], ecf: [] } as const; // prettier-ignore
const started = { type: 'ChargingStarted', data: { ...parties, requestAtMs: 0, answerAtMs: 1 } } as const;
const stopped = { type: 'ChargingStopped', data: { causeCode: 0, atMs: 2 } } as const;
const answered = (offset: number, record: number): ChargingEvent => ({
  type: 'AccountingAnswered',
  data: { of: { generation: 0, partition: 0, offset }, record, result: 2001, cdf: 'x', digest: '', retransmitted: false, atMs: 3 }, // prettier-ignore
});

/** A view, and what appends to it at rising offsets and times. */
const world = (waitingMax = 1_000) => {
  const sessions = new ChargingSessions({ waitingMax });
  const changes: string[] = [];
  sessions.onChange = (stream, row) => void changes.push(`${stream} ${row?.waiting.length ?? 'done'}`);
  let offset = 0;
  const recorded = (stream: string, event: ChargingEvent, timeMs: number) =>
    ({ event, stream, position: { generation: 0, partition: 0, offset: offset++ }, timeMs, id: '', topic: 'charging' }) satisfies RecordedEvent; // prettier-ignore
  const apply = (stream: string, events: readonly ChargingEvent[], timeMs = 0) =>
    sessions.apply(stream, events.map((event) => recorded(stream, event, timeMs))); // prettier-ignore
  return { sessions, changes, apply };
};

it('holds a session until all of it is answered, and tells of each change', async () => {
  const { sessions, changes, apply } = world();
  await apply('a', [started]);
  await apply('a', [answered(0, 1)]);
  await apply('a', [stopped]);
  expect([sessions.rows.size, sessions.waiting]).toEqual([1, 1]);
  sessions.settle('a', { generation: 0, partition: 0, offset: 0 }, 2);
  expect([sessions.rows.size, sessions.waiting]).toEqual([0, 0]);
  expect(changes).toEqual(['a 1', 'a 0', 'a 1', 'a done']);
});

it('knows for a while what is over: a repetition makes nothing, and an event that comes late neither', async () => {
  const { sessions, apply } = world();
  await apply('a', [started, stopped, answered(0, 1), answered(0, 2)]);
  await apply('a', [started, stopped], 10);
  expect(sessions.rows.size).toBe(0);
  await apply('b', [started, stopped, answered(6, 1), answered(6, 2)], REMEMBERED_MS + 11);
  await apply('a', [stopped], REMEMBERED_MS + 12);
  expect(sessions.rows.get('a')?.held).toHaveLength(1);
});

it('forgets the oldest at its bound', async () => {
  const { sessions, apply } = world();
  for (let n = 0; n <= REMEMBERED_MAX; n++) await apply(`s${n}`, [started, stopped, answered(3 * n, 2)]);
  expect([...sessions.remembered()]).toHaveLength(REMEMBERED_MAX);
});

it('takes nothing more while as many wait as may, and goes on when one is answered', async () => {
  const { sessions, apply } = world(2);
  await apply('a', [started]);
  await apply('b', [started]);
  await sessions.full;
  let isTaken = false;
  void apply('c', [started]).then(() => (isTaken = true));
  await settle();
  expect([isTaken, sessions.isFull, sessions.rows.has('c')]).toEqual([false, true, false]);
  sessions.settle('a', { generation: 0, partition: 0, offset: 0 }, 1);
  await settle();
  expect([isTaken, sessions.rows.has('c')]).toEqual([true, true]);
});

it('lets go of whoever waits for room when the process ends', async () => {
  const { sessions, apply } = world(1);
  await apply('a', [started]);
  const taken = apply('b', [started]);
  sessions.letGo();
  await taken;
  expect(sessions.rows.size).toBe(2);
});

describe('its snapshot', () => {
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'charging-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = async (sessions: ChargingSessions, damaged: string[] = []) =>
    openChargingSnapshots({ sessions, file: path.join(folder, 'x.snapshot'), clock: createFakeClock(), onDamaged: (reason) => void damaged.push(reason) }); // prettier-ignore

  it('holds what is open, what waits, and what is over', async () => {
    const { sessions, apply } = world();
    const position = { generation: 0, partition: 0, offset: 9 };
    await apply('open', [started, answered(0, 1)]);
    await apply('waiting', [started, stopped]);
    await apply('over', [started, stopped, answered(4, 1), answered(4, 2)]);
    await (await open(sessions)).save(position);
    const again = new ChargingSessions({ waitingMax: 10 });
    const snapshots = await open(again);
    expect(await snapshots.checkpoint()).toEqual(position);
    expect([...again.rows]).toEqual([...sessions.rows]);
    expect([...again.remembered()]).toEqual([...sessions.remembered()]);
    expect(again.waiting).toBe(1);
  });

  it('that is damaged is no snapshot', async () => {
    writeFileSync(path.join(folder, 'x.snapshot'), 'nonsense\n');
    const damaged: string[] = [];
    const sessions = new ChargingSessions({ waitingMax: 10 });
    expect(await (await open(sessions, damaged)).checkpoint()).toBeUndefined();
    expect(damaged).toHaveLength(1);
  });
});
