// The registration view in real memcached, written by two nodes while it is built anew beside the one that serves: whoever was acknowledged is
// found by every node at every moment, and in the new keyspace after it. REBUILD_ROWS for more of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import type { Recorded } from '#libs/decider';
import { type Binding, entryOf, type RegistrationEvent } from '#libs/domain';
import { createMemoryLog, type EventLog } from '#libs/event-log';
import type { FollowOptions, RebuildPhase } from '#libs/projector';
import { createMetrics, silentLogger, systemClock as clock, systemRandom as random } from '#libs/runtime';
import { createFileSharedConfig } from '#libs/shared-config';
import { openMemcached } from '#libs/stores';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import {
  openSharedRegistrationView,
  rebuildSharedView,
  type SharedRegistrationView,
  type SharedView,
} from './shared-view.js';

jest.setTimeout(120_000);

const ROWS = Number(process.env['REBUILD_ROWS'] ?? 3_000);

let memcached: RealEngine;
let folder: string;
beforeAll(async () => {
  memcached = await startRealEngine('memcached');
  folder = await mkdtemp(path.join(tmpdir(), 'shared-view-'));
}, 300_000);
afterAll(async () => {
  await memcached.stop();
  await rm(folder, { recursive: true });
});

const bindingOf = (aor: string, cseq: number): Binding => ({
  bindingId: 'phone',
  contact: `sip:${aor}@192.0.2.1`,
  params: '',
  q: 1,
  callId: aor,
  cseq,
  expiresAtMs: clock.nowMs() + 3_600_000,
  grantedS: 3_600,
  path: [],
  impi: aor,
  impu: `sip:${aor}@ims.test`,
  identities: [`sip:${aor}@ims.test`],
});

/** As a handler: durable, applied, and then acknowledged. */
const register = async (
  log: EventLog,
  { rows }: SharedRegistrationView,
  aor: string,
  cseq: number,
): Promise<void> => {
  const event: RegistrationEvent = {
    type: cseq === 1 ? 'BindingAdded' : 'BindingRefreshed',
    data: bindingOf(aor, cseq),
  };
  const stream = `registration-${aor}`;
  const [position] = await log.append(stream, [event]);
  const recorded: Recorded<RegistrationEvent> = { event, stream, position: position! };
  await rows.apply(aor, [recorded]);
};
const cseqOf = async ({ rows }: SharedRegistrationView, aor: string): Promise<number> =>
  entryOf(await rows.load(aor), 'phone')?.binding?.cseq ?? 0;

const follow = (log: EventLog): FollowOptions => ({
  log,
  clock,
  logger: silentLogger,
  metrics: createMetrics(),
  onFailure: (view, error) => {
    throw new Error(`${view}: ${String(error)}`);
  },
});

it('loses nobody while it is built anew and switched to', async () => {
  const log = await createMemoryLog({ clock, random });
  const shared = createFileSharedConfig({ file: path.join(folder, 'shared.json'), clock });
  const views: SharedView[] = ['one', 'two'].map((node) => ({
    cluster: openMemcached({ servers: memcached.endpoints, clock, timeoutMs: 5_000 }),
    generation: random.token(8),
    random,
    agreed: { shared, node },
  }));
  const [first, second] = views.map((view) => ({ ...view, generation: views[0]!.generation }));
  const nodes = [
    await openSharedRegistrationView(first!, follow(log)),
    await openSharedRegistrationView(second!, follow(log)),
  ];
  for (let n = 0; n < ROWS; n += 100)
    await Promise.all(Array.from({ length: 100 }, (_, i) => register(log, nodes[i % 2]!, `u${n + i}`, 1)));

  const acknowledged = new Map<string, number>();
  const missed: string[] = [];
  let isOver = false;
  const traffic = async (worker: number): Promise<void> => {
    for (let n = worker; !isOver; n += 4) {
      const aor = `u${(n * 7) % (ROWS + 500)}`;
      const cseq = (acknowledged.get(aor) ?? 1) + 1;
      await register(log, nodes[n % 2]!, aor, cseq);
      acknowledged.set(aor, cseq);
      // The other node reads it at once, whichever keyspace it reads.
      const found = await cseqOf(nodes[(n + 1) % 2]!, aor);
      if (found < cseq) missed.push(`${aor}: ${found} of ${cseq}`);
    }
  };
  const workers = [0, 1, 2, 3].map(traffic);
  const phases: RebuildPhase['phase'][] = [];
  let folded = 0;
  const keyspace = await rebuildSharedView(
    { ...first!, agreed: { shared, node: 'one' } },
    nodes[0]!,
    follow(log),
    {
      by: 'test',
      onPhase: ({ phase }) => void phases.push(phase),
      onProgress: (events) => (folded = events),
    },
  );
  await new Promise<void>((resolve) => void clock.after(1_500, resolve));
  isOver = true;
  await Promise.all(workers);

  expect(missed).toEqual([]);
  expect([...new Set(phases)]).toEqual(['waiting', 'folding', 'switching', 'done']);
  expect(folded).toBeGreaterThanOrEqual(ROWS);
  for (const node of nodes) expect(node.keyspaces).toEqual({ serving: keyspace });
  for (let n = 0; n < ROWS; n += 1) {
    const wanted = acknowledged.get(`u${n}`) ?? 1;
    expect(await cseqOf(nodes[n % 2]!, `u${n}`)).toBe(wanted);
  }
  process.stdout.write(`${JSON.stringify({ rows: ROWS, acknowledgedMeanwhile: acknowledged.size })}\n`);

  // A node that starts now takes the keyspace that serves.
  const late = await openSharedRegistrationView({ ...first!, agreed: { shared, node: 'late' } }, follow(log));
  expect(late.keyspaces).toEqual({ serving: keyspace });
  expect(await cseqOf(late, 'u7')).toBe(acknowledged.get('u7') ?? 1);
  await Promise.all([...nodes, late].map((node) => node.stop()));
  for (const { cluster } of views) cluster.close();
  await shared.close();
  await log.close();
});
