// A whole subscriber at once: credential, set, profile, identities, filter criteria, link. For the all-in-one's demo and
// for tests; the REST API's clients take the same steps one by one. A repeat changes nothing.
import { profileHolding, type SubscriberCommand } from '#libs/domain';
import { onSubscriber } from './execute.js';
import { putPrivate } from './handlers/private.js';
import type { AkaBody } from './handlers/private-body.js';
import { release, type Reservation, reserve } from './handlers/reservations.js';
import { checkImpi, checkImpu, randomUuid } from './identities.js';
import { badRequest } from './outcome.js';
import type { ProvisioningPorts } from './ports.js';
import { checkFilterCriteria, publicIdentityXml } from './provisioned-xml.js';

export type NewSubscriber = Readonly<{
  impi: string;
  /** The first is the default one. */
  impus: readonly string[];
  /** One of the two. */
  password?: string;
  aka?: AkaBody;
  realm?: string;
  /** A ServiceProfile document with initial filter criteria. */
  ifcXml?: string;
}>;

export type ProvisionedSubscriber = Readonly<{ irs: string; serviceProfile: string }>;

export const provisionSubscriber = async (
  ports: ProvisioningPorts,
  { impi, impus, password, aka, realm, ifcXml }: NewSubscriber,
): Promise<ProvisionedSubscriber> => {
  checkImpi(impi);
  impus.forEach(checkImpu);
  const [first] = impus;
  if (first === undefined) throw badRequest('a subscriber has at least one public identity');
  const xml = ifcXml === undefined ? undefined : checkFilterCriteria(ifcXml);

  if ((password === undefined) === (aka === undefined)) throw badRequest('takes either a password or aka');
  const body = {
    ...(password === undefined ? {} : { plaintext_password: password }),
    ...(aka === undefined ? {} : { aka }),
    ...(realm === undefined ? {} : { realm }),
  };
  await putPrivate(ports, { impi, body });
  const known = await ports.profiles.identity(first);
  const irs = known?.irs ?? randomUuid(ports.random);
  const serviceProfile = (known && profileHolding(known.state, first)?.id) ?? randomUuid(ports.random);

  const commands: SubscriberCommand[] = [
    { type: 'CreateSubscriber', data: { irs } },
    { type: 'AddServiceProfile', data: { serviceProfile } },
    ...(xml === undefined ? [] : [{ type: 'ChangeFilterCriteria', data: { serviceProfile, xml } } as const]),
    ...impus.map((impu) => {
      const data = { serviceProfile, impu, xml: publicIdentityXml(impu), barred: false };
      return { type: 'AssignPublicIdentity', data } as const;
    }),
    { type: 'LinkPrivateIdentity', data: { impi } },
  ];
  const reserved: Reservation[] = [];
  try {
    // One append: what a crash may leave are reservations, which the start releases.
    await onSubscriber(ports, irs, commands, {
      prepare: async (state) => {
        for (const impu of impus) {
          if (!profileHolding(state, impu)) reserved.push(await reserve(ports, impu, irs));
        }
      },
    });
  } catch (error) {
    for (const reservation of reserved) await release(ports, reservation);
    throw error;
  }
  return { irs, serviceProfile };
};
