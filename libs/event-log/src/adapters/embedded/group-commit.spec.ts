// Which appends go to the disk together, by how fast it is and how fast callers ask: on a clock that stands still.
import { createFakeClock, settle } from '#libs/testkit';
import { GroupCommit, type PendingAppend } from './group-commit.js';
import { EMBEDDED_LIMITS } from './limits.js';

type Speeds = Readonly<{
  callers: number;
  /** What a caller takes from its answer to its next append. */
  makingMs: number;
  writingMs: number;
}>;

const WARM_UP = 20;

/** Callers who each ask again when they are answered, until `stop`. */
const setUp = ({ callers, makingMs, writingMs }: Speeds) => {
  const clock = createFakeClock(0);
  const soon: (() => void)[] = [];
  /** Writes that are over, of which the event loop has yet to hear. */
  const over: (() => void)[] = [];
  const groups: number[] = [];
  let isWriting = false;
  let answeredWhileIdle = 0;
  let unanswered = 0;
  let isStopped = false;
  const commit = new GroupCommit<PendingAppend>({
    writer: {
      write: async () => {
        isWriting = true;
        await new Promise<void>((resolve) => void clock.after(writingMs, () => over.push(resolve)));
        isWriting = false;
      },
    },
    nextOffset: 0,
    limits: EMBEDDED_LIMITS,
    clock,
    soon: (run) => soon.push(run),
    onDurable: (appends) => groups.push(appends.length),
    onRefused: () => undefined,
  });
  const ask = (): void => {
    if (isStopped) return;
    clock.advance(makingMs);
    unanswered++;
    const done = (): void => {
      unanswered--;
      if (!isWriting) answeredWhileIdle++;
      queueMicrotask(ask);
    };
    const fail = (error: Error): never => {
      throw error;
    };
    const enqueuedMs = clock.monotonicMs();
    commit.add({
      lines: '{}\n',
      bytes: 3,
      count: 1,
      contents: 1,
      enqueuedMs,
      done,
      refused: fail,
      unknown: fail,
    });
  };
  const turn = async (): Promise<void> => {
    const runs = [...over.splice(0), ...soon.splice(0)];
    for (const run of runs) run();
    if (runs.length === 0) clock.advance(Math.max(0, (clock.nextDueMs ?? 0) - clock.monotonicMs()));
    await settle();
  };
  const run = async (turns: number): Promise<readonly number[]> => {
    for (let n = 0; n < turns; n++) await turn();
    return groups.splice(0);
  };
  for (let n = 0; n < callers; n++) ask();
  return {
    commit,
    run,
    stop: () => (isStopped = true),
    unanswered: () => unanswered,
    takeAnsweredWhileIdle: () => {
      const answered = answeredWhileIdle;
      answeredWhileIdle = 0;
      return answered;
    },
  };
};

describe('group commit', () => {
  it('writes one half of its callers while the other half ask, where asking takes longer than writing', async () => {
    const { run, takeAnsweredWhileIdle } = setUp({ callers: 64, makingMs: 0.006, writingMs: 0.25 });
    await run(WARM_UP);
    takeAnsweredWhileIdle();
    expect(new Set(await run(50))).toEqual(new Set([32]));
    expect(takeAnsweredWhileIdle()).toBe(0);
  });

  it('writes all of them together where the disk is what they wait for', async () => {
    const { run } = setUp({ callers: 64, makingMs: 0.006, writingMs: 2 });
    await run(WARM_UP);
    expect(new Set(await run(50))).toEqual(new Set([64]));
  });

  it('writes few together', async () => {
    const { run } = setUp({ callers: 8, makingMs: 0.05, writingMs: 0.25 });
    await run(WARM_UP);
    expect(new Set(await run(50))).toEqual(new Set([8]));
  });

  it('is idle when both halves are durable, not before', async () => {
    const { commit, run, stop, unanswered } = setUp({ callers: 64, makingMs: 0.006, writingMs: 0.25 });
    await run(WARM_UP);
    stop();
    let leftWhenIdle: number | undefined;
    void commit.idle().then(() => (leftWhenIdle = unanswered()));
    await run(WARM_UP);
    expect(leftWhenIdle).toBe(0);
  });
});
