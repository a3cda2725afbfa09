// One change of one registration row: load, decide, append, apply, and only then answer (docs/architecture.md §2, merge).
// Nothing is expected of the stream's revision and nothing is tried again: the fold takes events in any order. Provisioning,
// which expects revisions and starts again after a lost race, has a handler of its own: homestead-prov's execute.ts.
import type { Position } from '#libs/decider';
import { decideRow, type Registration, type RowCommand, streamOfRegistration } from '#libs/domain';
import type { SproutPorts } from '../ports.js';

export type RegistrationChange = Readonly<{ before: Registration; after: Registration; changed: boolean }>;

/**
 * Decides on the row and makes the events durable before the row shows them.
 * Rejects with CommandRejected, AppendRefused, AppendUnknown, StoreUnavailable.
 */
export const updateRegistration = async (
  { log, outage, registrations }: Pick<SproutPorts, 'log' | 'outage' | 'registrations'>,
  aor: string,
  command: RowCommand,
): Promise<RegistrationChange> => {
  const before = await registrations.load(aor);
  const events = decideRow(before, command);
  if (events.length === 0) return { before, after: before, changed: false };
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
