// One change of one registration row: load, decide, append, apply, and only then answer (docs/architecture.md §2, merge).
// Nothing is expected of the stream's revision and nothing is tried again: the fold takes events in any order. Provisioning,
// which expects revisions and starts again after a lost race, has a handler of its own: homestead-prov's execute.ts.
import type { Position } from '#libs/decider';
import {
  decideRow,
  type Registration,
  type RegistrationEvent,
  type RowCommand,
  streamOfRegistration,
} from '#libs/domain';
import type { SproutPorts } from '../ports.js';

export type RegistrationChange = Readonly<{ before: Registration; after: Registration; changed: boolean }>;

/** What is to be written with the events of a decision, and of it alone. */
export type Noted = (
  before: Registration,
  events: readonly RegistrationEvent[],
) => readonly RegistrationEvent[];

/**
 * Decides on the row and makes the events durable before the row shows them.
 * Rejects with CommandRejected, AppendRefused, AppendUnknown, StoreUnavailable.
 */
export const updateRegistration = async (
  { log, outage, registrations }: Pick<SproutPorts, 'log' | 'outage' | 'registrations'>,
  aor: string,
  command: RowCommand,
  noted?: Noted,
): Promise<RegistrationChange> => {
  const before = await registrations.load(aor);
  const decided = decideRow(before, command);
  if (decided.length === 0) return { before, after: before, changed: false };
  const events = noted === undefined ? decided : [...decided, ...noted(before, decided)];
  const stream = streamOfRegistration(aor);
  let positions: readonly Position[];
  try {
    positions = await log.append(stream, events);
  } catch (error) {
    outage.failed(error);
    throw error;
  }
  outage.taken();
  const recorded = events.map((event, index) => ({ event, stream, position: positions[index]! }));
  return { before, after: await registrations.apply(aor, recorded), changed: true };
};
