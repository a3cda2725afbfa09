// What an Ellis that runs apart can know of the core: its own view, and what the projector and the Chronos that it is told of say over HTTP.
// Port: surroundings.port.ts. Used by main.ts.
import type { ParkedList } from '#libs/projector';
import type { Clock } from '#libs/runtime';
import type { Neighbour } from '../context.js';
import { ask, askOrNothing, pathOf, reasonIn } from '../upstream/ask.js';
import { sampled } from './sampled.js';
import type { DeadLetter, DeadLetters, ParkedStream, ParkedStreams, Surroundings, ViewFigures } from './surroundings.port.js'; // prettier-ignore

/** How old a figure may grow that is asked for over the network. */
const EVERY_MS = 5_000;
const NO_LETTER = ['no such dead letter'];

export type RemoteOptions = Readonly<{
  /** Whose health is shown, by name. */
  neighbours: Readonly<Record<string, Neighbour>>;
  /** Of this process' own views. */
  own: Readonly<{ figures: () => Promise<readonly ViewFigures[]>; parked: ParkedList }>;
  projector?: Neighbour;
  chronos?: Neighbour;
  /** Users with a binding; null where that cannot be counted here. */
  registered: () => Promise<number | null>;
  clock: Clock;
  onFault: (error: unknown) => void;
}>;

const got = async <T>(at: Neighbour, path: string): Promise<T> =>
  JSON.parse((await ask(at, { method: 'GET', path }, 200)).body) as T;

const isUp = async (at: Neighbour): Promise<boolean> => {
  try {
    return (await at.request({ method: 'GET', path: '/ping' })).status === 200;
  } catch {
    return false;
  }
};

type KeptView = Readonly<{ name: string; lag: number; parkedStreams: number }>;

/** Those that the projector keeps, and those of this process that it does not. */
const viewsOf = async ({ own, projector }: RemoteOptions): Promise<readonly ViewFigures[]> => {
  const kept = projector === undefined ? [] : await got<readonly KeptView[]>(projector, '/views');
  const names = new Set(kept.map(({ name }) => name));
  return [
    ...(await own.figures()).filter(({ name }) => !names.has(name)),
    // How many events wait is told, not since when.
    ...kept.map(({ name, lag, parkedStreams: parked }) => ({ name, lag_ms: lag === 0 ? 0 : null, parked })),
  ];
};

const parkedStreams = ({ own, projector }: RemoteOptions): ParkedStreams => ({
  async list() {
    const kept = projector === undefined ? [] : await got<readonly ParkedStream[]>(projector, '/parked');
    // One stream of a view that both keep is one row.
    const ids = new Set(kept.map(({ id }) => id));
    return [...kept, ...own.parked.list().filter(({ id }) => !ids.has(id))];
  },
  async retry(id) {
    const path = `${pathOf('parked', id)}/retry`;
    const answer = projector && (await askOrNothing(projector, { method: 'POST', path }, [`nothing is parked under ${id}`], 200)); // prettier-ignore
    const here = await own.parked.retry(id);
    return answer === undefined
      ? here
      : Math.max((JSON.parse(answer.body) as { left: number }).left, here ?? 0);
  },
});

const deadLettersAt = (chronos: Neighbour): DeadLetters => ({
  list: async (limit) => (await got<readonly DeadLetter[]>(chronos, '/dead-letters')).slice(0, limit),
  async replay(id) {
    const request = { method: 'POST', path: `${pathOf('dead-letters', id)}/replay` } as const;
    const answer = await askOrNothing(chronos, request, NO_LETTER, 204, 502, 503);
    if (answer === undefined) return 'unknown';
    if (answer.status === 503) return 'busy';
    return answer.status === 204 ? 'delivered' : { reason: reasonIn(answer) ?? 'it does not say why' };
  },
  discard: async (id) =>
    (await askOrNothing(chronos, { method: 'DELETE', path: pathOf('dead-letters', id) }, NO_LETTER, 204)) !== undefined, // prettier-ignore
});

type Statistics = Readonly<{ timers: number; deadLetters: number }>;

export const createRemoteSurroundings = (options: RemoteOptions): Surroundings => {
  const { neighbours, chronos, registered, clock, onFault } = options;
  const often = { everyMs: EVERY_MS, clock, onFault };
  const views = sampled(() => viewsOf(options), often);
  const timers = sampled(async () => {
    if (chronos === undefined) return null;
    const { timers: waiting, deadLetters: dead_letters } = await got<Statistics>(chronos, '/statistics');
    return { waiting, dead_letters };
  }, often);
  const peers = sampled(
    () => Promise.all(Object.entries(neighbours).map(async ([name, at]) => ({ name, up: await isUp(at) }))),
    often,
  );
  return {
    figures: async () => ({
      views: await views(),
      timers: await timers(),
      registered: await registered(),
      peers: await peers(),
    }),
    parked: parkedStreams(options),
    ...(chronos === undefined ? {} : { deadLetters: deadLettersAt(chronos) }),
  };
};
