// Homestead Prov: what provisioning is, without HTTP. The controllers call it, and the all-in-one for its demo.
import { getFilterCriteria, putFilterCriteria, type PutFilterCriteria } from './handlers/filter-criteria.js';
import {
  linkPrivate,
  type LinkInput,
  publicIdsOfPrivate,
  setsOfPrivate,
  unlinkOrNotFound,
  unlinkOrNothing,
} from './handlers/links.js';
import { type ListInput, listPublicIds } from './handlers/listing.js';
import { deletePrivate, getPrivate, putPrivate, type PutPrivate } from './handlers/private.js';
import {
  deletePublicId,
  getPublicId,
  privateIdsOfPublicId,
  type PublicIdInput,
  putPublicId,
  type PutPublicId,
  serviceProfileOfPublicId,
  setOfPublicId,
} from './handlers/public-ids.js';
import {
  createServiceProfile,
  createSet,
  deleteServiceProfile,
  deleteSet,
  privateIdsOfSet,
  type ProfileInput,
  publicIdsOfProfile,
  publicIdsOfSet,
  type Repeatable,
} from './handlers/sets.js';
import type { ProvisioningPorts } from './ports.js';
import { type NewSubscriber, provisionSubscriber } from './provision-subscriber.js';
import { finishInterrupted, type FinishOptions, sweepSecrets } from './subscriber-process.js';

export type Provisioning = ReturnType<typeof createProvisioning>;

export const createProvisioning = (ports: ProvisioningPorts) => ({
  putPrivate: (input: PutPrivate) => putPrivate(ports, input),
  getPrivate: (impi: string) => getPrivate(ports, impi),
  deletePrivate: (impi: string) => deletePrivate(ports, impi),
  setsOfPrivate: (impi: string) => setsOfPrivate(ports, impi),
  publicIdsOfPrivate: (impi: string) => publicIdsOfPrivate(ports, impi),
  linkPrivate: (input: LinkInput) => linkPrivate(ports, input),
  unlinkOrNothing: (input: LinkInput) => unlinkOrNothing(ports, input),
  unlinkOrNotFound: (input: LinkInput) => unlinkOrNotFound(ports, input),

  createSet: (input?: Repeatable) => createSet(ports, input),
  deleteSet: (irs: string) => deleteSet(ports, irs),
  publicIdsOfSet: (irs: string) => publicIdsOfSet(ports, irs),
  privateIdsOfSet: (irs: string) => privateIdsOfSet(ports, irs),
  createServiceProfile: (input: Repeatable & { irs: string }) => createServiceProfile(ports, input),
  deleteServiceProfile: (input: ProfileInput) => deleteServiceProfile(ports, input),
  publicIdsOfProfile: (input: ProfileInput) => publicIdsOfProfile(ports, input),

  putPublicId: (input: PutPublicId) => putPublicId(ports, input),
  getPublicId: (input: PublicIdInput) => getPublicId(ports, input),
  deletePublicId: (input: PublicIdInput) => deletePublicId(ports, input),
  putFilterCriteria: (input: PutFilterCriteria) => putFilterCriteria(ports, input),
  getFilterCriteria: (input: ProfileInput) => getFilterCriteria(ports, input),

  serviceProfileOfPublicId: (impu: string) => serviceProfileOfPublicId(ports, impu),
  setOfPublicId: (impu: string) => setOfPublicId(ports, impu),
  privateIdsOfPublicId: (impu: string) => privateIdsOfPublicId(ports, impu),
  listPublicIds: (input: ListInput) => listPublicIds(ports, input),

  /** A whole subscriber at once; repeatable. */
  provisionSubscriber: (input: NewSubscriber) => provisionSubscriber(ports, input),
  /** At start, once the view is caught up and before requests are taken. */
  finishInterrupted: (options: FinishOptions = { graceMs: 0 }) => finishInterrupted(ports, options),
  /** Removes secrets that were let go as long ago as they are kept; resolves with how many. */
  sweepSecrets: () => sweepSecrets(ports),
});
