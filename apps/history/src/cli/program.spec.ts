import { Writable } from 'node:stream';
import { ALICE, CALL_ID, ICID, openFixture, START_MS, type HistoryFixture } from '../testdata/morning.js';
import { headOf, type HistorySource } from '../history-source.js';
import { createOutput } from './output.js';
import { paintOf } from './paint.js';
import { runHistory, type ProgramPorts } from './program.js';

let fixture: HistoryFixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.log.close());

type Result = Readonly<{ exitCode: number; out: string[]; err: string[] }>;

const run = async (args: readonly string[], ports: Partial<ProgramPorts> = {}): Promise<Result> => {
  let text = '';
  const err: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const exitCode = await runHistory(
    {
      open: () => Promise.resolve(fixture.source),
      output: createOutput(stream, () => undefined),
      error: (line) => err.push(line),
      nowMs: () => fixture.clock.nowMs(),
      paint: paintOf(false),
      signal: new AbortController().signal,
      defaultDataDir: './data',
      ...ports,
    },
    args,
  );
  return { exitCode, out: text === '' ? [] : text.trimEnd().split('\n'), err };
};

describe('history show', () => {
  it('tells the events of a stream in order, one line each', async () => {
    expect(await run(['show', ALICE])).toEqual({
      exitCode: 0,
      err: [],
      out: [
        '2030-01-01 10:00:00.000Z  1 m 40 s ago  #1    bound sip:alice@10.0.0.5:40000 for 300 s via 127.0.0.1:5058 (initial)',
        '2030-01-01 10:00:10.000Z  1 m 30 s ago  #2    bound sip:alice@10.0.0.9:5062 for 60 s via 127.0.0.1:5058 (initial)',
        '2030-01-01 10:00:20.000Z  1 m 20 s ago  #3    bound sip:alice@10.0.0.5:40000 for 300 s from udp 192.0.2.7:31000 (refresh)',
      ],
    });
  });

  it('gives JSON lines to machines', async () => {
    const { out } = await run(['show', ALICE, '--json']);
    expect(JSON.parse(out[1] ?? '')).toMatchObject({
      specversion: '1.0',
      type: 'BindingAdded',
      subject: ALICE,
      time: '2030-01-01T10:00:10.000Z',
      topic: 'registration',
      revision: 2,
      data: { bindingId: 'tablet' },
    });
    expect(out).toHaveLength(3);
  });

  it('says that a stream is unknown, with names like it, and exits 1', async () => {
    expect(await run(['show', 'registration-sip:alise@ims.test'])).toEqual({
      exitCode: 1,
      out: [],
      err: ['no stream registration-sip:alise@ims.test', `did you mean: ${ALICE}`],
    });
    expect((await run(['show', 'alice'])).err[1]).toBe(`did you mean: ${ALICE}`);
    expect(await run(['show', 'zzz'])).toMatchObject({ exitCode: 1, err: ['no stream zzz', 'npm run history -- streams lists them'] });
  }); // prettier-ignore
});

describe('history state', () => {
  const stateAt = async (...at: string[]) => (await run(['state', ALICE, ...at])).out;

  it('gives the bindings of this moment, those that lapsed marked', async () => {
    expect(await stateAt()).toEqual([
      `${ALICE} at 2030-01-01 10:01:40.000Z (0 ms ago)`,
      'as of event #3, 1 m 20 s before',
      'sip:alice@10.0.0.5:40000',
      '  until 2030-01-01 10:05:20.000Z (in 3 m 40 s), 300 s granted, q 1',
      '  sip:alice@ims.test, authenticated as alice@ims.test',
      '  binding sip:alice@10.0.0.5:40000, Call-ID r1, CSeq 2',
      'EXPIRED sip:alice@10.0.0.9:5062',
      '  until 2030-01-01 10:01:10.000Z (30 s ago), 60 s granted, q 1',
      '  sip:alice@ims.test, authenticated as alice@ims.test',
      '  binding tablet, Call-ID r1, CSeq 1',
    ]);
  });

  it('gives the bindings of a past moment, named or so long ago', async () => {
    const past = await stateAt('--at', '2030-01-01T10:00:15Z');
    expect(past.filter((line) => !line.startsWith('  '))).toEqual([
      `${ALICE} at 2030-01-01 10:00:15.000Z (1 m 25 s ago)`,
      'as of event #2, 5 s before, 1 later event',
      'sip:alice@10.0.0.5:40000',
      'sip:alice@10.0.0.9:5062',
    ]);
    expect(past[3]).toContain('until 2030-01-01 10:05:00.000Z');
    expect(await stateAt('--at', '-85s')).toEqual(past);
    expect(await stateAt('--at', '2030-01-01 10:00:15')).toEqual(past);
  });

  it('before the first event there is nothing', async () => {
    expect(await stateAt('--at', '-1h')).toEqual([
      `${ALICE} at 2030-01-01 09:01:40.000Z (1 h ago)`,
      'no event yet, 3 later events',
      'no bindings',
    ]);
  });

  it('gives JSON to machines, and knows streams of facts', async () => {
    const { out } = await run(['state', ALICE, '--json', '--at', '-85s']);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      stream: ALICE,
      at: '2030-01-01T10:00:15.000Z',
      revision: 2,
      events: 3,
      state: { entries: { tablet: {} } },
    });
    const facts = await run(['state', `call-${ICID}`, '--json']);
    expect(JSON.parse(facts.out[0] ?? '')).toMatchObject({ revision: 4, state: null });
  });

  it('an unknown stream exits 1, a time that is none exits 2', async () => {
    expect((await run(['state', 'registration-x'])).exitCode).toBe(1);
    expect(await run(['state', ALICE, '--at', 'yesterday'])).toMatchObject({
      exitCode: 2,
      err: [expect.stringContaining('-5m')],
    });
  });
});

describe('history call', () => {
  const story = [
    `call ${CALL_ID}, began 2030-01-01 10:00:30.000Z (1 m 10 s ago)`,
    `  call-${ICID}`,
    `  charging-${ICID}/d1/scscf/orig`,
    '  on the node of /data',
    '    +0.000 s  call      INVITE sip:alice@ims.test → sip:bob@ims.test: originating for sip:alice@ims.test, 1 of 3 criteria matched, next I-CSCF',
    '                          criterion 1 → sip:mmtel.ims.test matched (Method INVITE), not invoked: no ISC',
    '                          2 other criteria did not match',
    '   +10.000 s  call      INVITE sip:alice@ims.test → sip:bob@ims.test: terminating for sip:bob@ims.test, no criteria, rang sip:bob@10.0.0.6:40010',
    '   +20.000 s  charging  START INVITE sip:alice@ims.test → sip:bob@ims.test, originating, answered after 4200 ms',
    '   +30.000 s  call      answered 200 by sip:bob@10.0.0.6:40010',
    '   +50.000 s  call      ended by the callee',
    '   +60.000 s  charging  STOP, cause 0',
  ];

  it('tells the decisions of a call and what was charged, by Call-ID or ICID', async () => {
    expect(await run(['call', CALL_ID])).toEqual({ exitCode: 0, err: [], out: story });
    expect((await run(['call', ICID])).out).toEqual(story);
    expect((await run(['call', `call-${ICID}`])).out).toEqual(story);
  });

  it('gives JSON lines to machines', async () => {
    const { out } = await run(['call', CALL_ID, '--json']);
    expect(out.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
      'OriginatingServed', 'TerminatingServed', 'ChargingStarted', 'CallAnswered', 'CallEnded', 'ChargingStopped',
    ]); // prettier-ignore
  });

  it('tells which node wrote what, where several did', async () => {
    const { source } = fixture;
    const nodeOf = (stream: string) => (stream.startsWith('call-') ? 'router-1:9881' : 'cdf-1:9882');
    const heads: HistorySource['heads'] = async function* (topics, startAt) {
      for await (const some of source.heads(topics, startAt))
        yield some.map((head) => headOf({ ...head.event(), node: nodeOf(head.stream) }));
    };
    const open = () =>
      Promise.resolve({ damage: undefined, read: source.read, follow: source.follow, heads });
    const { out } = await run(['call', `call-${ICID}`], { open });
    expect(out).toContain('  on router-1:9881, cdf-1:9882');
    expect(out).toContain('   +50.000 s  call      ended by the callee  [router-1:9881]');
    expect(out).toContain('   +60.000 s  charging  STOP, cause 0  [cdf-1:9882]');
  });

  it('an unknown call exits 1', async () => {
    expect(await run(['call', 'a84b'])).toEqual({
      exitCode: 1,
      out: [],
      err: ['no call with Call-ID or ICID a84b'],
    });
  });
});

describe('history streams', () => {
  it('lists streams with their number of events, newest change first', async () => {
    expect(await run(['streams'])).toEqual({
      exitCode: 0,
      err: [],
      out: [
        'events          last  stream',
        `     2      10 s ago  charging-${ICID}/d1/scscf/orig`,
        `     4      20 s ago  call-${ICID}`,
        '     1      30 s ago  call-other',
        `     3  1 m 20 s ago  ${ALICE}`,
        '4 streams, 10 events',
      ],
    });
  });

  it('by topic, by a part of the name, at most so many', async () => {
    expect((await run(['streams', '--topic', 'calls', '--limit', '1'])).out.slice(1)).toEqual([
      `     4      20 s ago  call-${ICID}`,
      '2 streams, 5 events (1 not shown: --limit, --like)',
    ]);
    const { out } = await run(['streams', '--like', 'ALICE', '--json']);
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        stream: ALICE,
        topic: 'registration',
        events: 3,
        first: '2030-01-01T10:00:00.000Z',
        last: '2030-01-01T10:00:20.000Z',
      },
    ]);
    expect(await run(['streams', '--like', 'zzz'])).toMatchObject({ exitCode: 1, out: ['0 streams, 0 events'] });
  }); // prettier-ignore
});

describe('history tail', () => {
  it('shows the newest events', async () => {
    expect((await run(['tail', '-n', '2'])).out).toEqual([
      `10:01:20.000Z  call-${ICID}  ended by the callee`,
      `10:01:30.000Z  charging-${ICID}/d1/scscf/orig  STOP, cause 0`,
    ]);
    expect((await run(['tail', '--topic', 'registration', '-n', '1', '--like', 'alice'])).out).toHaveLength(
      1,
    );
    expect((await run(['tail', '-n', '0'])).out).toEqual([]);
    expect((await run(['tail'])).out).toHaveLength(10);
  });

  it('follows those that come, each at once and none twice', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const output = { line: (text: string) => void lines.push(text), flush: async () => undefined };
    const running = run(['tail', '-f', '-n', '1', '--topic', 'calls'], { signal: stop.signal, output });
    while (lines.length === 0) await fixture.clock.advanceAsync(1);
    for (let n = 1; n <= 3; n++) {
      await fixture.append('call-new', { type: 'CallFailed', data: { status: 480 + n, cancelled: false } });
      await fixture.clock.advanceAsync(1_000);
    }
    stop.abort();
    expect(await running).toMatchObject({ exitCode: 0, err: [] });
    expect(lines.map((line) => line.replace(/^.*?Z {2}/, ''))).toEqual([
      `call-${ICID}  ended by the callee`,
      'call-new  failed 481',
      'call-new  failed 482',
      'call-new  failed 483',
    ]);
  });
});

describe('history', () => {
  it('helps, with examples', async () => {
    const { exitCode, out } = await run(['--help']);
    expect(exitCode).toBe(0);
    expect(out.join('\n')).toContain('npm run history -- state registration-sip:alice@ims.test --at -5m');
  });

  it('bad arguments exit 2', async () => {
    for (const args of [['bogus'], [], ['show'], ['tail', '-n', 'x'], ['streams', '--topic', 'x'], ['show', 'a', 'b']])
      expect([args, (await run(args)).exitCode]).toEqual([args, 2]);
  }); // prettier-ignore

  it('a log that cannot be read exits 2 and says why', async () => {
    const open = () => Promise.reject(new Error('there is no event log in /nowhere'));
    expect(await run(['streams'], { open })).toEqual({
      exitCode: 2,
      out: [],
      err: ['there is no event log in /nowhere'],
    });
  });

  it('a damaged log is shown up to there, with the place and what to do, and exits 2', async () => {
    await fixture.damage(1_500);
    const place = expect.stringMatching(
      /^\/data\/log\/0{16}\.log is damaged at byte \d+: .*there are events behind it$/,
    );
    const advice = expect.stringContaining('restore it from a backup');
    const shown = [
      ['show', ALICE],
      ['state', ALICE],
      ['tail'],
      ['tail', '--follow'],
      ['streams'],
      ['call', 'x'],
    ];
    for (const args of shown) {
      const { exitCode, out, err } = await run(args);
      expect([args, exitCode, err.slice(-2)]).toEqual([args, 2, [place, advice]]);
      if (args[0] !== 'call')
        expect([args, out.join('\n')]).toEqual([args, expect.stringContaining('alice')]);
    }
  });

  it('shows events of other versions and shapes as they stand, without control characters', async () => {
    await fixture.append('call-odd', { type: 'OriginatingServed', data: { from: 'x\u001b[31m' } });
    await fixture.append('call-odd', { type: 'Invented', data: { a: '\u009b2J' } });
    const { out } = await run(['show', 'call-odd']);
    expect(out.map((line) => line.slice(46))).toEqual([
      'OriginatingServed {"from":"x\\u001b[31m"}',
      'Invented {"a":"\\u009b2J"}',
    ]);
  });

  it('times are those of the log, whatever the clock of the reader says', async () => {
    fixture.clock.advance(86_400_000);
    const [line = ''] = (await run(['tail', '-n', '1'])).out;
    expect(line.startsWith('2030-01-01 10:01:30.000Z')).toBe(true);
    expect(START_MS).toBe(Date.UTC(2030, 0, 1, 10));
  });
});
