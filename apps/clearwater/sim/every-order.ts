// Plays a piece of work in every order in which its operations can follow each other: depth first over the choices that
// `Turns` offers. For a few operations only: their orders are counted in factorials.
import { Turns } from './turns.js';

/** Beyond it the work is too large to be played in every order: a defect of the test. */
const ORDERS_MAX = 20_000;
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One play, set up: begins the work, and checks what came of it. */
export type Play = (
  turns: Turns,
) => Promise<Readonly<{ begin: () => Promise<unknown>; check: () => Promise<void> }>>;

/** Choices made in one play, and how many there were to choose from. */
type Path = { choice: number; of: number }[];

const playOnce = async (play: Play, path: Path): Promise<string> => {
  const turns = new Turns();
  const { begin, check } = await play(turns);
  turns.hold();
  const work = begin();
  const names: string[] = [];
  let over = false;
  const end = (): void => void (over = true);
  work.then(end, end);
  await breathe();
  for (let depth = 0; !over; depth++) {
    const { waiting } = turns;
    if (waiting.length === 0) throw new Error(`nothing goes on after ${names.join(', ')}`);
    const step = (path[depth] ??= { choice: 0, of: waiting.length });
    names.push(waiting[step.choice]!);
    turns.pass(step.choice);
    await breathe();
  }
  await work;
  turns.release();
  try {
    await check();
  } catch (error) {
    throw new Error(`in the order ${names.join(', ')}`, { cause: error });
  }
  return names.join(', ');
};

/** The next path that has not been taken, undefined after the last. */
const nextPath = (path: Path): Path | undefined => {
  const next = [...path];
  for (let last = next.pop(); last !== undefined; last = next.pop())
    if (last.choice + 1 < last.of) return [...next, { choice: last.choice + 1, of: last.of }];
  return undefined;
};

/** Resolves with the number of orders played; rejects at the first whose check fails, telling the order. */
export const inEveryOrder = async (play: Play): Promise<number> => {
  let path: Path | undefined = [];
  let played = 0;
  while (path !== undefined) {
    if (played++ >= ORDERS_MAX) throw new Error(`more than ${ORDERS_MAX} orders`);
    await playOnce(play, path);
    path = nextPath(path);
  }
  return played;
};
