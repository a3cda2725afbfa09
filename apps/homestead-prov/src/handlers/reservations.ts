// Reservations of public identities: an identity belongs to one implicit registration set (docs/architecture.md §2).
// Reserved before it enters a set, released after it has left. A release names the revision seen before the leaving, so
// that it does nothing when another request has reserved the identity again meanwhile.
import { identityStream } from '#libs/domain';
import { RevisionConflict } from '#libs/event-log';
import { onIdentity } from '../execute.js';
import type { ProvisioningPorts } from '../ports.js';

export type Reservation = Readonly<{ impu: string; irs: string; revision: number }>;

export const reserve = async (ports: ProvisioningPorts, impu: string, irs: string): Promise<Reservation> => {
  const { revision } = await onIdentity(ports, impu, [{ type: 'ReserveIdentity', data: { impu, irs } }]);
  return { impu, irs, revision };
};

export const release = async (
  ports: ProvisioningPorts,
  { impu, irs, revision }: Reservation,
): Promise<void> => {
  try {
    await onIdentity(ports, impu, [{ type: 'ReleaseIdentity', data: { impu, irs } }], { expected: revision });
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error;
  }
};

export const releaseAll = async (
  ports: ProvisioningPorts,
  reservations: readonly Reservation[],
): Promise<void> => {
  for (const reservation of reservations) await release(ports, reservation);
};

/** Notes what a set's identities are reserved at, before they leave it. */
export const reservationsOf = (ports: ProvisioningPorts, irs: string) => {
  const noted: Reservation[] = [];
  return {
    noted: noted as readonly Reservation[],
    /** Called at each attempt of the change, with the identities that leave. */
    note: async (impus: readonly string[]): Promise<void> => {
      noted.length = 0;
      for (const impu of impus) {
        const row = await ports.profiles.head(identityStream(impu));
        if (row?.kind === 'identity' && row.state?.irs === irs) {
          noted.push({ impu, irs, revision: row.revision });
        }
      }
    },
  };
};
