// Additions to events: written once all nodes have known them for a while, and never before.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFakeClock } from '#libs/testkit';
import { createFileSharedConfig } from './adapters/embedded/file-shared-config.js';
import { EventGate, type EventVersions, GATE_LOOK_MS, GATE_SETTLE_MS, keepGate } from './event-gate.js';

const folder = mkdtempSync(path.join(tmpdir(), 'event-gate-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const TYPE = 'registration.BindingAdded';
const NEW: EventVersions = { [TYPE]: 2 };
const OLD: EventVersions = {};

const world = async (...first: EventVersions[]) => {
  const clock = createFakeClock();
  const shared = createFileSharedConfig({ file: path.join(folder, `${(files += 1)}.json`), clock });
  const nodes = first.map((events) => ({ events }));
  const start = async (events = NEW) => {
    const gate = new EventGate(events);
    const opened: string[] = [];
    const failed: unknown[] = [];
    const stop = await keepGate({
      gate, shared, clock,
      nodes: () => Promise.resolve(nodes),
      opened: (type) => void opened.push(type),
      failed: (error) => void failed.push(error),
    }); // prettier-ignore
    return { gate, opened, failed, stop };
  };
  return { clock, shared, nodes, start };
};

it('stays closed while one node does not know it, however long', async () => {
  const { clock, start } = await world(NEW, OLD, NEW);
  const { gate } = await start();
  await clock.advanceAsync(10 * GATE_SETTLE_MS);
  expect([gate.mayWrite(TYPE, 2), gate.mayWrite(TYPE, 1), gate.isWaiting]).toEqual([false, true, true]);
});

it('opens everywhere once all have known it for a while, and stays so', async () => {
  const { clock, nodes, start } = await world(NEW, OLD);
  const [one, two] = [await start(), await start()];
  await clock.advanceAsync(GATE_SETTLE_MS);
  nodes[1] = { events: NEW };
  await clock.advanceAsync(GATE_SETTLE_MS - GATE_LOOK_MS);
  expect(one.gate.mayWrite(TYPE, 2)).toBe(false);
  await clock.advanceAsync(3 * GATE_LOOK_MS);
  expect([one, two].map(({ gate }) => gate.mayWrite(TYPE, 2))).toEqual([true, true]);
  expect(one.gate.mayWrite(TYPE, 3)).toBe(false);
  // Who comes later, or goes back to a former build, changes nothing: it was written.
  nodes.push({ events: OLD });
  const later = await start();
  expect([later.gate.mayWrite(TYPE, 2), later.gate.isWaiting]).toEqual([true, false]);
  expect([...one.failed, ...two.failed]).toEqual([]);
});

it('begins to wait anew when one comes that does not know it', async () => {
  const { clock, nodes, start } = await world(NEW);
  const { gate } = await start();
  await clock.advanceAsync(GATE_SETTLE_MS - 2 * GATE_LOOK_MS);
  nodes.push({ events: OLD });
  await clock.advanceAsync(GATE_LOOK_MS);
  nodes.pop();
  await clock.advanceAsync(GATE_SETTLE_MS - GATE_LOOK_MS);
  expect(gate.mayWrite(TYPE, 2)).toBe(false);
  await clock.advanceAsync(3 * GATE_LOOK_MS);
  expect(gate.mayWrite(TYPE, 2)).toBe(true);
});

it('is no gate where nobody else reads', () => {
  expect(new EventGate(NEW, true).mayWrite(TYPE, 2)).toBe(true);
  expect(new EventGate(NEW).due([], 0)).toEqual([]);
});
