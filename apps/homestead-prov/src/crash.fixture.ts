// A process that dies at a chosen step: every durable operation of provisioning is a step, and at the chosen one the process
// stops, before or after the operation took effect; nothing that it would do later happens. Read by crash.spec.ts.
import { createMemoryLog, type EventLog } from '#libs/event-log';
import { createMemoryCredentialStore, createMemoryTableStore, type CredentialStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import type { SubscriberProfilesRow } from '#projections/subscriber-profiles';
import { createFixture, type Fixture } from './provisioning.fixture.js';

export class Killed extends Error {}

/** Dies at step `at` (from 1); 0: never. `late`: the operation took effect, but nobody learned. */
export type Kill = Readonly<{ at: number; late: boolean }>;

type Operation = (...args: never[]) => Promise<unknown>;

export const createMortal = () => {
  let kill: Kill = { at: 0, late: false };
  let steps = 0;
  const step =
    <F extends Operation>(operation: F) =>
    async (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> => {
      steps += 1;
      if (kill.at !== 0 && (steps > kill.at || (steps === kill.at && !kill.late))) throw new Killed();
      const result = await operation(...args);
      if (steps === kill.at) throw new Killed();
      return result as Awaited<ReturnType<F>>;
    };
  return {
    step,
    arm: (next: Kill): void => {
      kill = next;
      steps = 0;
    },
    steps: () => steps,
  };
};

export type Mortal = Readonly<{
  fixture: Fixture;
  /** What outlives the process. */
  log: EventLog;
  credentials: CredentialStore;
  table: ReturnType<typeof createMemoryTableStore<SubscriberProfilesRow>>;
  arm: (kill: Kill) => void;
  steps: () => number;
}>;

export const createMortalFixture = async (): Promise<Mortal> => {
  const clock = createFakeClock();
  const log = await createMemoryLog({ clock, random: createSeededRandom(3) });
  const credentials = createMemoryCredentialStore({ clock });
  const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'profiles' });
  const { step, arm, steps } = createMortal();
  const mortalLog: EventLog = {
    append: step((...args: Parameters<EventLog['append']>) => log.append(...args)),
    read: (...args) => log.read(...args),
    readAll: (...args) => log.readAll(...args),
    subscribe: (options) => log.subscribe(options),
    close: () => log.close(),
  };
  const fixture = await createFixture({
    clock,
    log: mortalLog,
    credentials: {
      ...credentials,
      put: step((...args: Parameters<CredentialStore['put']>) => credentials.put(...args)),
      retire: step((version: string) => credentials.retire(version)),
      remove: step((version: string) => credentials.remove(version)),
    },
    table: { ...table, apply: step((...args: Parameters<typeof table.apply>) => table.apply(...args)) },
  });
  return { fixture, log, credentials, table, arm, steps };
};

/** The next process over what is left: the view caught up from the log, what was interrupted finished. */
export const revive = async (
  { fixture: { clock }, log, credentials, table }: Mortal,
  keepView: boolean,
): Promise<Fixture> => {
  const next = await createFixture({ clock, log, credentials, seed: 8, ...(keepView ? { table } : {}) });
  for await (const recorded of log.readAll(['provisioning'], 'oldest')) {
    await next.ports.profiles.apply([recorded]);
  }
  await next.provisioning.finishInterrupted();
  return next;
};
