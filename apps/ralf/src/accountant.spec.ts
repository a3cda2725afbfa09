// Ralf and its CDFs over time: what is sent to whom, in which order, again after what, and what the log has of it (backend.md §5, §12 item 8;
// RFC 6733 §3, §5.5.4, §9). A simulated network and a clock that the test moves.
import { AppendRefused, MemoryDisk, type OwnershipChange, type PartitionOwners } from '#libs/event-log';
import { createSeededRandom, type FakeClock } from '#libs/testkit';
import { continued, createCdfs, type Life, type LifeOptions, newClock, START_MS, started, startLife, stopped, streamOf, success, type TestCdfs } from './ralf.fixture.js'; // prettier-ignore

const S = 1_000;
let clock: FakeClock;
let cdfs: TestCdfs;
let lives: Life[];
beforeEach(async () => {
  clock = newClock();
  cdfs = await createCdfs(clock, 2);
  lives = [];
});
afterEach(async () => {
  for (const life of lives) await life.stop();
});
const begin = async (options: Partial<LifeOptions> = {}): Promise<Life> => {
  const life = await startLife({ clock, cdfs, ...options });
  lives.push(life);
  return life;
};
const eventsOf = async ({ log }: Life, session: string) => {
  const events = [];
  for await (const { event } of log.read(streamOf(session))) events.push(event);
  return events;
};

describe('a session', () => {
  it('is told as START, INTERIM and STOP, with numbers 1, 2, 3 and one Session-Id, and its answers are in the log', async () => {
    const life = await begin();
    await life.append('a', started());
    await life.append('a', continued());
    await life.append('a', stopped());
    expect(new Set(cdfs.seen.map(({ session }) => session)).size).toBe(1);
    expect(cdfs.seen[0]?.session).toMatch(/^ralf\.ims\.test;1893456000;\d+;\d+\.\d+$/);
    expect(cdfs.seen[0]?.avps).toMatchObject({
      'Destination-Realm': 'ims.test',
      'Service-Context-Id': '10.32260@3gpp.org',
      'Event-Timestamp': START_MS / S,
      'Acct-Application-Id': 3,
      'Service-Information': {
        'Subscription-Id': { 'Subscription-Id-Type': 2, 'Subscription-Id-Data': 'sip:alice@ims.test' },
        'IMS-Information': {
          'Event-Type': { 'SIP-Method': 'INVITE' },
          'Role-Of-Node': 0,
          'Node-Functionality': 0,
          'User-Session-Id': 'call-a',
          'Calling-Party-Address': 'sip:alice@ims.test',
          'Called-Party-Address': 'sip:bob@ims.test',
          'Time-Stamps': {
            'SIP-Request-Timestamp': START_MS / S - 2,
            'SIP-Response-Timestamp': START_MS / S,
            'SIP-Request-Timestamp-Fraction': 500,
            'SIP-Response-Timestamp-Fraction': 0,
          },
          'IMS-Charging-Identifier': 'a',
        },
      },
    });
    expect(cdfs.seen[2]?.avps).toMatchObject({
      'Event-Timestamp': START_MS / S + 2,
      'Service-Information': { 'IMS-Information': { 'Cause-Code': 0 } },
    });
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf1 2 INTERIM', 'cdf1 3 STOP']);
    expect((await eventsOf(life, 'a')).filter(({ type }) => type === 'AccountingAnswered')).toMatchObject(
      [1, 2, 3].map((record) => ({ data: { record, result: 2001, cdf: 'at1:3868', retransmitted: false } })),
    );
    expect([life.sessions.rows.size, life.sessions.waiting]).toEqual([0, 0]);
  });

  it('is told again at the interval that the CDF wants; the INTERIM is in the log first', async () => {
    const life = await begin();
    cdfs.answer(1, success({ 'Acct-Interim-Interval': 60 }));
    await life.append('a', started());
    await clock.advanceAsync(59 * S);
    expect(cdfs.told()).toEqual(['cdf1 1 START']);
    await clock.advanceAsync(121 * S);
    expect(cdfs.told()).toEqual(['cdf1 2 INTERIM', 'cdf1 3 INTERIM', 'cdf1 4 INTERIM']);
    const [first, answered, reached] = await eventsOf(life, 'a');
    expect([first?.type, answered?.type, reached]).toMatchObject([
      'ChargingStarted',
      'AccountingAnswered',
      { type: 'ChargingInterimReached', data: { after: 1 } },
    ]);
  });

  it('that nobody ends is ended with a cause', async () => {
    const life = await begin();
    await life.append('a', started());
    await clock.advanceAsync(3_601 * S);
    expect(cdfs.seen.at(-1)?.avps).toMatchObject({ 'Service-Information': { 'IMS-Information': { 'Cause-Code': 1 } } }); // prettier-ignore
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf1 2 STOP']);
  });

  it('whose START is missing loses nothing: the STOP waits for it, and then goes alone', async () => {
    const life = await begin();
    await life.append('a', stopped());
    await life.append('b', stopped());
    await clock.advanceAsync(300 * S);
    expect(cdfs.told()).toEqual([]);
    await life.append('b', started('b'));
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf1 2 STOP']);
    await clock.advanceAsync(301 * S);
    expect(cdfs.told()).toEqual(['cdf1 1 STOP']);
  });
});

describe('a CDF that does not answer', () => {
  it('is passed over for the next one, which is told that it may have it already', async () => {
    const life = await begin();
    cdfs.answer(1, undefined);
    await life.append('a', started());
    expect(cdfs.told()).toEqual(['cdf1 1 START']);
    await clock.advanceAsync(1_000);
    expect(cdfs.told()).toEqual(['cdf2 1 START T']);
    expect((await eventsOf(life, 'a')).at(-1)).toMatchObject({ data: { record: 1, cdf: 'at2:3868', retransmitted: true } }); // prettier-ignore
  });

  it('is remembered: after a few no record waits for it, until one is its probe', async () => {
    const life = await begin();
    cdfs.answer(1, undefined);
    for (const name of ['a', 'b', 'c']) {
      await life.append(name, started(name));
      await clock.advanceAsync(1_000);
    }
    cdfs.told();
    await life.append('d', started('d'));
    expect(cdfs.told()).toEqual(['cdf2 1 START']);
    cdfs.answer(1, success());
    await clock.advanceAsync(30 * S);
    await life.append('e', started('e'));
    await life.append('f', started('f'));
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf1 1 START']);
  });

  it.each([3002, 3004])('and one that says %s sends it to the next one without that mark', async (code) => {
    const life = await begin();
    cdfs.answer(1, { 'Result-Code': code });
    await life.append('a', started());
    await life.append('b', started('b'));
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf2 1 START', 'cdf2 1 START']);
  });

  it('keeps its sessions waiting for hours, each in its order, and others go on', async () => {
    cdfs.down(2);
    const life = await begin({ peers: ['aaa://cdf1.ims.test', 'aaa://cdf2.ims.test'] });
    cdfs.answer(1, undefined);
    await life.append('a', started());
    await life.append('a', continued());
    await life.append('a', stopped());
    await clock.advanceAsync(5 * 3_600 * S);
    expect(life.sessions.rows.get(streamOf('a'))?.waiting).toHaveLength(3);
    expect(new Set(cdfs.told())).toEqual(new Set(['cdf1 1 START', 'cdf1 1 START T']));
    cdfs.answer(1, success());
    await clock.advanceAsync(400 * S);
    expect(cdfs.told()).toEqual(['cdf1 1 START T', 'cdf1 2 INTERIM', 'cdf1 3 STOP']);
    expect(life.sessions.rows.size).toBe(0);
  });

  it('for one record only holds up that session only', async () => {
    const life = await begin({ peers: ['at1'], window: 4 });
    cdfs.answer(1, (request) => (request.avps.get('Session-Id')?.includes(';1893456777;') ? undefined : success())); // prettier-ignore
    await life.append('bad', started('bad', [], START_MS + 777 * S));
    for (let n = 0; n < 40; n++) {
      await life.append(`x${n}`, started(`x${n}`), stopped());
      await clock.advanceAsync(S);
    }
    const others = cdfs.seen.filter(({ session }) => !session.includes(';1893456777;'));
    expect(others).toHaveLength(80);
    expect(life.sessions.rows.size).toBe(1);
  });
});

describe('a CDF that refuses', () => {
  it('for good has answered: it is counted, and the session goes on', async () => {
    const life = await begin();
    cdfs.answer(1, ({ avps }) => ({
      'Result-Code': avps.get('Accounting-Record-Number') === 1 ? 5004 : 2001,
    }));
    await life.append('a', started(), stopped());
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf1 2 STOP']);
    expect(life.refused).toEqual([`${streamOf('a')} 5004`]);
  });

  it('an INTERIM with 5002 gets no more of them, and the STOP all the same', async () => {
    const life = await begin();
    cdfs.answer(1, ({ avps }) =>
      avps.get('Accounting-Record-Type') === 3
        ? { 'Result-Code': 5002 }
        : success({ 'Acct-Interim-Interval': 60 }),
    );
    await life.append('a', started());
    await clock.advanceAsync(300 * S);
    await life.append('a', stopped(START_MS + 300 * S));
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf1 2 INTERIM', 'cdf1 3 STOP']);
  });
});

describe('charging functions of the session', () => {
  it.each([
    ['a DiameterURI', ['aaa://cdf2.ims.test:3868;transport=tcp'], ['cdf2 1 START']],
    ['hosts, in their order', ['CDF2.ims.test', 'cdf1.ims.test'], ['cdf2 1 START']],
    ['an address and port', ['cdf2.ims.test:3868'], ['cdf2 1 START']],
    ['another port of it: through the others, by its name', ['cdf2.ims.test:3999'], ['cdf2 1 START']],
    ['none: the configured ones', [], ['cdf1 1 START']],
    [
      'one that nobody knows, and no agent either: the configured ones',
      ['cdf9.other.test'],
      ['cdf1 1 START'],
    ],
    ['nonsense', ['sip:x y'], ['cdf1 1 START']],
  ])('%s', async (_what, ccf, told) => {
    const life = await begin({ peers: ['aaa://cdf1.ims.test', 'cdf2.ims.test:3868'] });
    await life.append('a', started('a', ccf));
    expect(cdfs.told()).toEqual(told);
  });

  it('hold up nobody whose records go to others, and wait for theirs', async () => {
    const life = await begin({ peers: ['aaa://cdf1.ims.test', 'aaa://cdf2.ims.test'], window: 2 });
    cdfs.answer(1, undefined);
    for (let n = 0; n < 20; n++) await life.append(`x${n}`, started(`x${n}`, ['cdf1.ims.test']));
    await clock.advanceAsync(60 * S);
    cdfs.told();
    await life.append('b', started('b', ['cdf2.ims.test']), stopped());
    expect(cdfs.told()).toEqual(['cdf2 1 START', 'cdf2 2 STOP']);
    expect(life.sessions.waiting).toBe(20);
    cdfs.answer(1, success());
    await clock.advanceAsync(400 * S);
    expect(cdfs.told().every((line) => line.startsWith('cdf1 1 START'))).toBe(true);
    expect(life.sessions.waiting).toBe(0);
  });

  it('go on to the next one named, and to no other before', async () => {
    const life = await begin({ peers: ['aaa://cdf1.ims.test', 'aaa://cdf2.ims.test'] });
    cdfs.answer(2, { 'Result-Code': 3004 });
    await life.append('a', started('a', ['cdf2.ims.test', 'cdf1.ims.test']));
    expect(cdfs.told()).toEqual(['cdf2 1 START', 'cdf1 1 START']);
  });
});

describe('Ralf itself', () => {
  it('killed, sends what no CDF has answered again in its next life, with the T flag, under the same numbers', async () => {
    const disk = new MemoryDisk();
    const life = await begin({ disk });
    cdfs.answer(1, undefined);
    cdfs.answer(2, undefined);
    await life.append('a', started());
    await life.append('b', started('b'), stopped());
    const before = new Set(cdfs.seen.map(({ session }) => session));
    cdfs.seen.splice(0);
    life.vanish();
    lives = [];
    disk.crash(createSeededRandom(3));
    cdfs.answer(1, success());
    const next = await begin({ disk });
    await clock.advanceAsync(S);
    expect(new Set(cdfs.seen.map(({ session }) => session))).toEqual(before);
    expect(cdfs.told().sort()).toEqual(['cdf1 1 START T', 'cdf1 1 START T', 'cdf1 2 STOP T']);
    await next.append('a', stopped());
    expect(cdfs.told()).toEqual(['cdf1 2 STOP']);
  });

  it('without a log for its answers keeps them until it has, and sends nothing of the session before', async () => {
    let takes = true;
    const life = await begin({
      appends: (log) => ({
        append: (...of) => (takes ? log.append(...of) : Promise.reject(new AppendRefused('full'))),
      }),
    });
    takes = false;
    await life.append('a', started(), stopped());
    await clock.advanceAsync(60 * S);
    expect(cdfs.told()).toEqual(['cdf1 1 START']);
    takes = true;
    await clock.advanceAsync(2 * S);
    expect(cdfs.told()).toEqual(['cdf1 2 STOP']);
    expect(life.sessions.rows.size).toBe(0);
  });

  it('takes no more from the log than it may hold, and goes on when a CDF is back', async () => {
    cdfs.answer(1, undefined);
    cdfs.answer(2, undefined);
    const life = await begin({ waitingMax: 5, window: 2 });
    for (let n = 0; n < 12; n++) await life.log.append(streamOf(`x${n}`), [started(`x${n}`), stopped()]);
    await clock.advanceAsync(S);
    expect(life.sessions.rows.size).toBeLessThanOrEqual(6);
    cdfs.answer(1, success());
    await clock.advanceAsync(400 * S);
    const numbers = new Map<string, Set<number>>();
    for (const { session, number } of cdfs.seen) numbers.set(session, (numbers.get(session) ?? new Set()).add(number)); // prettier-ignore
    expect(numbers.size).toBe(12);
    expect([...numbers.values()].every((set) => set.size === 2)).toBe(true);
    expect(life.sessions.rows.size).toBe(0);
  });
});

describe('time, while no more is taken from the log', () => {
  const decidedIn = async (life: Life) =>
    (await eventsOf(life, 'a')).filter(({ type }) => type === 'ChargingInterimReached' || type === 'ChargingSessionAbandoned'); // prettier-ignore

  it('decides nothing of sessions whose news stand there, and goes on afterwards', async () => {
    const life = await begin({ waitingMax: 2, times: { interimS: 60 } });
    await life.append('a', started());
    cdfs.answer(1, undefined);
    cdfs.answer(2, undefined);
    await life.append('x', started('x'));
    await life.append('y', started('y'));
    expect(life.sessions.isFull).toBe(true);
    await life.log.append(streamOf('a'), [stopped()]);
    await clock.advanceAsync(5_400 * S);
    expect(life.sessions.rows.has(streamOf('a'))).toBe(true);
    expect(await decidedIn(life)).toEqual([]);
    cdfs.seen.splice(0);
    cdfs.answer(1, success());
    await clock.advanceAsync(400 * S);
    expect(await decidedIn(life)).toEqual([]);
    expect(life.sessions.rows.has(streamOf('a'))).toBe(false);
    expect((await eventsOf(life, 'x')).map(({ type }) => type)).toContain('ChargingSessionAbandoned');
  });
});

describe('two of them', () => {
  /** Partition 0 of two, which a test hands over. */
  const handedOut = (): PartitionOwners & { give(change: OwnershipChange): void; isSure: boolean } => {
    const own = new Set<number>();
    const listeners = new Set<(change: OwnershipChange) => void>();
    return {
      partitions: 2,
      partitionOf: () => 0,
      owns: (partition) => own.has(partition),
      isSure: true,
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      give(change) {
        for (const one of change.gained) own.add(one);
        for (const one of change.lost) own.delete(one);
        for (const listener of listeners) listener(change);
      },
      stop: () => Promise.resolve(),
    };
  };

  it('send what is theirs only, and go on with the same numbers where the other was', async () => {
    const [here, there] = [handedOut(), handedOut()];
    const first = await begin({ owners: here });
    const second = await begin({ owners: there, log: first.log, host: 'ralf-2.ims.test' });
    here.give({ gained: [0], lost: [] });
    await clock.advanceAsync(6 * S);
    await first.append('a', started());
    expect(cdfs.told()).toEqual(['cdf1 1 START']);
    cdfs.answer(1, undefined);
    cdfs.answer(2, undefined);
    await first.append('a', continued());
    here.give({ gained: [], lost: [0] });
    there.give({ gained: [0], lost: [] });
    cdfs.told();
    cdfs.answer(1, success());
    await clock.advanceAsync(10 * S);
    expect(cdfs.told()).toEqual(['cdf1 2 INTERIM T']);
    await second.append('a', stopped());
    expect(cdfs.told()).toEqual(['cdf1 3 STOP']);
    expect(second.sessions.rows.size).toBe(0);
  });

  it('begin nothing while they do not know whether they own it', async () => {
    const owners = handedOut();
    const life = await begin({ owners });
    owners.give({ gained: [0], lost: [] });
    await clock.advanceAsync(6 * S);
    owners.isSure = false;
    await life.append('a', started());
    await clock.advanceAsync(60 * S);
    expect(cdfs.told()).toEqual([]);
    owners.isSure = true;
    await clock.advanceAsync(S);
    expect(cdfs.told()).toEqual(['cdf1 1 START']);
  });
});
