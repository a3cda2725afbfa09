// …/service_profiles/<uuid>/filter_criteria: the ServiceProfile document with the initial filter criteria of a profile,
// kept and shown as it was given (backend.md §3); checked, where Clearwater took anything.
import { subscriberStream } from '#libs/domain';
import { revisionOf } from '#projections/subscriber-profiles';
import { onSubscriber } from '../execute.js';
import { done, notFound, type Outcome, shown } from '../outcome.js';
import type { ProvisioningPorts } from '../ports.js';
import { checkFilterCriteria } from '../provisioned-xml.js';
import { type ProfileInput, requireProfile } from './sets.js';

export type PutFilterCriteria = ProfileInput & Readonly<{ xml: string; ifRevision?: number }>;

export const putFilterCriteria = async (
  ports: ProvisioningPorts,
  input: PutFilterCriteria,
): Promise<Outcome> => {
  const { irs, serviceProfile } = input;
  await requireProfile(ports, input);
  const xml = checkFilterCriteria(input.xml);
  const command = { type: 'ChangeFilterCriteria', data: { serviceProfile, xml } } as const;
  const expected = input.ifRevision === undefined ? {} : { expected: input.ifRevision };
  const { revision } = await onSubscriber(ports, irs, [command], expected);
  return done(revision);
};

export const getFilterCriteria = async (
  ports: ProvisioningPorts,
  input: ProfileInput,
): Promise<Outcome<string>> => {
  await requireProfile(ports, input);
  const row = await ports.profiles.head(subscriberStream(input.irs));
  const profile =
    row?.kind === 'irs' ? row.state.serviceProfiles.find(({ id }) => id === input.serviceProfile) : undefined;
  if (profile?.filterCriteriaXml === undefined) throw notFound('no filter criteria were given');
  return shown(profile.filterCriteriaXml, revisionOf(row));
};
