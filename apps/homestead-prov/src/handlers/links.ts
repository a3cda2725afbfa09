// Links between private identities and implicit registration sets (backend.md §3). A link is kept in the set's stream only;
// the way back is an index of the view.
import { CommandRejected } from '#libs/decider';
import { credentialStream } from '#libs/domain';
import { LINKS_MAX } from '#projections/subscriber-profiles';
import { onSubscriber } from '../execute.js';
import { checkImpi, isUuid } from '../identities.js';
import { done, forbidden, notFound, NOTHING, type Outcome, shown } from '../outcome.js';
import type { ProvisioningPorts } from '../ports.js';

export type LinkInput = Readonly<{ irs: string; impi: string }>;

const isRefusal = (error: unknown, ...reasons: readonly string[]): boolean =>
  error instanceof CommandRejected && reasons.some((reason) => reason === error.reason);

/** As the log has it, not the cache: a link must not outlive its private identity. */
const isKnown = async (ports: ProvisioningPorts, impi: string): Promise<boolean> => {
  const row = await ports.profiles.head(credentialStream(impi));
  return row?.kind === 'credential' && row.state !== undefined;
};

const unlinkFrom = async (ports: ProvisioningPorts, irs: string, impi: string): Promise<boolean> => {
  try {
    await onSubscriber(ports, irs, [{ type: 'UnlinkPrivateIdentity', data: { impi } }]);
    return true;
  } catch (error) {
    if (isRefusal(error, 'UnknownPrivateIdentity', 'UnknownSubscriber')) return false;
    throw error;
  }
};

export const linkPrivate = async (ports: ProvisioningPorts, { irs, impi }: LinkInput): Promise<Outcome> => {
  checkImpi(impi);
  if (!isUuid(irs) || !(await ports.profiles.profile(irs))) {
    throw notFound('no such implicit registration set');
  }
  if (!(await isKnown(ports, impi))) throw notFound('no such private identity');
  if ((await ports.profiles.irsOfPrivate(impi)).length >= LINKS_MAX) {
    throw forbidden(`a private identity is linked to at most ${LINKS_MAX} implicit registration sets`);
  }
  const { revision } = await onSubscriber(ports, irs, [{ type: 'LinkPrivateIdentity', data: { impi } }]);
  // The private identity may have been deleted since, and the deletion may have listed its links before this one.
  if (await isKnown(ports, impi)) return done(revision);
  await unlinkFrom(ports, irs, impi);
  throw notFound('no such private identity');
};

/** 200, or undefined when there was no such link. */
export const unlinkPrivate = async (
  ports: ProvisioningPorts,
  { irs, impi }: LinkInput,
): Promise<Outcome | undefined> => {
  checkImpi(impi);
  return isUuid(irs) && (await unlinkFrom(ports, irs, impi)) ? done() : undefined;
};

export const unlinkOrNothing = async (ports: ProvisioningPorts, input: LinkInput): Promise<Outcome> =>
  (await unlinkPrivate(ports, input)) ?? NOTHING;

export const unlinkOrNotFound = async (ports: ProvisioningPorts, input: LinkInput): Promise<Outcome> => {
  const outcome = await unlinkPrivate(ports, input);
  if (!outcome) throw notFound('no such private identity in this implicit registration set');
  return outcome;
};

/** The last step of a private identity's deletion. */
export const unlinkEverywhere = async (ports: ProvisioningPorts, impi: string): Promise<void> => {
  for (const irs of await ports.profiles.irsOfPrivate(impi)) await unlinkFrom(ports, irs, impi);
};

const requirePrivate = async (ports: ProvisioningPorts, impi: string): Promise<void> => {
  if (!(await ports.profiles.credential(checkImpi(impi)))) throw notFound('no such private identity');
};

export const setsOfPrivate = async (
  ports: ProvisioningPorts,
  impi: string,
): Promise<Outcome<Readonly<{ associated_implicit_registration_sets: string[] }>>> => {
  await requirePrivate(ports, impi);
  return shown({ associated_implicit_registration_sets: await ports.profiles.irsOfPrivate(impi) });
};

export const publicIdsOfPrivate = async (
  ports: ProvisioningPorts,
  impi: string,
): Promise<Outcome<Readonly<{ associated_public_ids: string[] }>>> => {
  await requirePrivate(ports, impi);
  const found = new Set<string>();
  for (const irs of await ports.profiles.irsOfPrivate(impi)) {
    for (const impu of (await ports.profiles.profile(irs))?.publicIds ?? []) found.add(impu);
  }
  return shown({ associated_public_ids: [...found] });
};
