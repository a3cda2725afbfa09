// Notes of calls: begun and concluded in order, both again where the first may be missing, none while too many wait; a call never waits.
import type { CallListEvent } from '#libs/domain';
import { AppendUnknown, type DomainEvent } from '#libs/event-log';
import { createSeededRandom, settle } from '#libs/testkit';
import { createCallList, NOTES_MAX } from './call-list.js';

const POSITION = { generation: 1, partition: 0, offset: 1 };
const INVITE = {
  uri: 'sip:bob@ims.test',
  get: (name: string) =>
    ({ From: '<sip:alice@ims.test>;tag=1', To: '<sip:bob@ims.test>' })[name as 'From' | 'To'],
};

type Append = Readonly<{
  stream: string;
  types: readonly string[];
  done: () => void;
  failed: (fault: Error) => void;
}>;

const setUp = () => {
  const appends: Append[] = [];
  const counts: Record<string, number> = {};
  const faults: unknown[] = [];
  const append = (stream: string, events: readonly DomainEvent[]) =>
    new Promise<readonly (typeof POSITION)[]>((resolve, reject) => {
      const types = events.map((event) => (event as CallListEvent).type);
      appends.push({ stream, types, done: () => resolve([POSITION]), failed: reject });
    });
  const calls = createCallList({
    log: { append },
    clock: { nowMs: () => 7 },
    random: createSeededRandom(1),
    count: (kind) => (counts[kind] = (counts[kind] ?? 0) + 1),
    onFault: (error) => faults.push(error),
  });
  return { appends, counts, faults, calls };
};

it('notes a call when it begins, and its one final answer behind that', async () => {
  const { appends, counts, calls } = setUp();
  const concluded = calls.begin(INVITE);
  concluded(486);
  concluded(200);
  await settle();
  expect(appends.map(({ types }) => types)).toEqual([['CallBegun']]);
  appends[0]!.done();
  await settle();
  expect(appends.map(({ stream, types }) => [stream, types])).toEqual([
    ['calllist-sip:bob@ims.test', ['CallBegun']],
    ['calllist-sip:bob@ims.test', ['CallConcluded']],
  ]);
  expect(counts).toEqual({ begun: 1, concluded: 1 });
});

it('notes both where it is not known whether the first is there', async () => {
  const { appends, counts, faults, calls } = setUp();
  const concluded = calls.begin(INVITE);
  appends[0]!.failed(new AppendUnknown('late'));
  await settle();
  concluded(200);
  await settle();
  expect(appends[1]?.types).toEqual(['CallBegun', 'CallConcluded']);
  expect([counts['not-noted'], faults.length]).toEqual([1, 1]);
});

it('passes over calls while too many notes wait, and notes again when they do not', async () => {
  const { appends, counts, calls } = setUp();
  for (let n = 0; n < NOTES_MAX; n++) calls.begin(INVITE);
  calls.begin(INVITE)(200);
  await settle();
  expect([appends.length, counts['not-noted']]).toEqual([NOTES_MAX, 1]);
  appends[0]!.done();
  await settle();
  calls.begin(INVITE);
  expect(appends).toHaveLength(NOTES_MAX + 1);
});

it('notes nothing of a call that is nobody’s', () => {
  const { appends, counts, calls } = setUp();
  calls.begin({ uri: 'sip:x@y', get: () => undefined })(200);
  expect([appends.length, counts]).toEqual([0, { nobodys: 1 }]);
});
