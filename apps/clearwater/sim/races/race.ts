// What the races share: a world for some hundred rounds, an order of chance for everything that waits, and a verdict.
import type { RegistrationEvent } from '#libs/domain';
import { evolveRegistration, NO_REGISTRATION, type Registration, streamOfRegistration } from '#libs/domain';
import type { Recorded } from '#libs/decider';
import type { SeededRandom } from '#libs/testkit';
import type { World } from '../world.js';

export type RaceResult = Readonly<{
  tried: number;
  ok: number;
  /** Rounds in which the two really met: without any the race has shown nothing. */
  met: number;
  /** The first few that failed, with what to rerun. */
  failures: readonly string[];
}>;

/** One batch of rounds: their order, where the verdicts go, and how to name what fails. */
export type RaceBatch = Readonly<{ random: SeededRandom; tally: Tally; label: string }>;

export const FAILURES_KEPT_MAX = 10;

export class Tally {
  tried = 0;
  ok = 0;
  met = 0;
  readonly failures: string[] = [];

  /** `fault`: what went wrong, undefined when nothing did. */
  count(fault: string | undefined, met: boolean): void {
    this.tried++;
    if (met) this.met++;
    if (fault === undefined) this.ok++;
    else if (this.failures.length < FAILURES_KEPT_MAX) this.failures.push(fault);
  }

  get result(): RaceResult {
    const { tried, ok, met, failures } = this;
    return { tried, ok, met, failures };
  }
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Operations that may go on together. */
const TOGETHER_MAX = 3;
const MILLISECOND_CHANCE = 0.02;
/** Turns without anything waiting until it is believed that nothing is under way. */
const QUIET_TURNS = 8;

/** Lets everything that waits go on, one or a few at a time by chance; now and then a millisecond passes. */
export const runOut = async ({ turns, clock }: World, random: SeededRandom): Promise<void> => {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
    await breathe();
    for (let more = 1 + random.integer(TOGETHER_MAX); more > 0 && turns.waiting.length > 0; more--) {
      turns.pass(random.integer(turns.waiting.length));
      quiet = 0;
    }
    if (quiet === 0 && random.chance(MILLISECOND_CHANCE)) clock.advance(1);
  }
};

/** The registration events of one user, in the log's order. */
export const historyOf = async (
  world: World,
  aor: string,
): Promise<readonly Recorded<RegistrationEvent>[]> => {
  const events: Recorded<RegistrationEvent>[] = [];
  for await (const event of world.log.read(streamOfRegistration(aor)))
    events.push(event as Recorded<RegistrationEvent>);
  return events;
};

/** Did a removal of that cause land behind the binding that it had not seen? */
export const landedLate = (history: readonly Recorded<RegistrationEvent>[], cause: string): boolean =>
  history.some(
    ({ event }, at) =>
      event.type === 'BindingRemoved' &&
      event.data.cause === cause &&
      event.data.upTo !== undefined &&
      history
        .slice(0, at)
        .some(
          (earlier) =>
            earlier.event.type !== 'BindingRemoved' && earlier.position.offset > event.data.upTo!.offset,
        ),
  );

/** What the log alone says of a user. */
export const foldOf = (history: readonly Recorded<RegistrationEvent>[]): Registration =>
  history.reduce(evolveRegistration, NO_REGISTRATION);

/** Live contacts as text, to compare a row with a fold: tombstones are dropped at their own times. */
export const contactsOf = ({ entries }: Registration): string =>
  Object.entries(entries)
    .flatMap(([id, { binding }]) =>
      binding === undefined ? [] : [`${id} ${binding.contact} ${binding.cseq}`],
    )
    .sort()
    .join('\n');
