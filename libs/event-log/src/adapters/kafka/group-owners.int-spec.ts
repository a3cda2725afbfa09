// The group on a real broker: every partition has an owner, one that ends or vanishes is replaced, one that comes takes a share only.
import { systemClock } from '#libs/runtime';
import { brokers, describeWithKafka, testLog, type TestLog } from './broker.fixture.js';
import { createGroupOwners, type GroupMembership } from './group-owners.js';

const PARTITIONS = 12;
const WAIT_MS_MAX = 30_000;
const LOOK_MS = 50;

describeWithKafka('partitions owned by a group', () => {
  let log: TestLog;
  const members: GroupMembership[] = [];

  beforeAll(async () => {
    log = testLog();
    await (await log.open({ partitions: PARTITIONS })).close();
  });
  afterAll(async () => {
    await Promise.all(members.map((member) => member.stop()));
    await log.deleteTopics();
  });

  const join = (): GroupMembership => {
    const member = createGroupOwners({
      connection: { brokers: brokers(), clientId: 'test' },
      topicPrefix: log.prefix,
      generation: 1,
      partitions: PARTITIONS,
      group: 'owners',
      clock: systemClock,
    });
    members.push(member);
    return member;
  };
  const ownedBy = (member: GroupMembership): number[] =>
    Array.from({ length: PARTITIONS }, (_, each) => each).filter((each) => member.owns(each));
  const until = async (isSo: () => boolean): Promise<void> => {
    const endMs = systemClock.monotonicMs() + WAIT_MS_MAX;
    while (!isSo()) {
      if (systemClock.monotonicMs() > endMs)
        throw new Error(JSON.stringify(members.map((member) => ownedBy(member))));
      await new Promise<void>((resolve) => systemClock.after(LOOK_MS, resolve));
    }
  };
  const shares = (...of: GroupMembership[]): string => of.map((member) => ownedBy(member).length).join();

  it(
    'has one owner each, also as members come, vanish and end',
    async () => {
      const a = join();
      await until(() => shares(a) === '12');
      expect(a.isSure).toBe(true);
      const changes: string[] = [];
      a.onChange(({ gained, lost }) => changes.push(`+${gained.length} -${lost.length}`));
      const b = join();
      await until(() => shares(a, b) === '6,6');
      const [keptByA, keptByB] = [ownedBy(a), ownedBy(b)];
      expect(new Set([...keptByA, ...keptByB]).size).toBe(12);
      const c = join();
      await until(() => shares(a, b, c) === '4,4,4');
      expect(ownedBy(a).every((each) => keptByA.includes(each))).toBe(true);
      expect(ownedBy(b).every((each) => keptByB.includes(each))).toBe(true);
      b.vanish();
      await until(() => shares(a, c) === '6,6');
      expect(new Set([...ownedBy(a), ...ownedBy(c)]).size).toBe(12);
      await c.stop();
      expect(shares(c)).toBe('0');
      await until(() => shares(a) === '12');
      expect(changes).toEqual(['+12 -0', '+0 -6', '+0 -2', '+2 -0', '+6 -0']);
    },
    4 * WAIT_MS_MAX,
  );
});
