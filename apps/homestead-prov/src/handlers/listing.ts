// GET /public/: the public identities, all or one chunk of them (backend.md §3). Clearwater split its token ring; here an
// identity's chunk is decided by a hash of its name, and an answer is bounded: `next` tells where to go on.
import { createHash } from 'node:crypto';
import { profileHolding } from '#libs/domain';
import { badRequest, type Outcome, shown } from '../outcome.js';
import type { ProvisioningPorts } from '../ports.js';

/** Identities in one answer; there is a `next` when there are more. */
export const PUBLIC_IDS_MAX = 10_000;
export const CHUNK_PROPORTION_MAX = 65_536;

export type ListInput = Readonly<{
  excludeuuids?: string;
  'chunk-proportion'?: string;
  chunk?: string;
  limit?: string;
  after?: string;
}>;
export type ListedId = Readonly<{ public_id: string; sp?: string; irs?: string }>;
export type PublicIdList = Readonly<{ public_ids: ListedId[]; next?: string }>;

const integer = (name: string, value: string | undefined, standard: number, min: number, max: number) => {
  if (value === undefined || value === '') return standard;
  const number = Number(value);
  if (/^\d{1,9}$/.test(value) && number >= min && number <= max) return number;
  throw badRequest(`${name}: takes a whole number from ${min} to ${max}`);
};

const inChunk = (impu: string, proportion: number, chunk: number): boolean =>
  createHash('sha256').update(impu).digest().readUInt32BE(0) % proportion === chunk;

const excludes = (value: string | undefined): boolean => {
  if (value === undefined || value === 'false') return false;
  if (value === 'true' || value === '') return true;
  throw badRequest('excludeuuids: takes true or false');
};

export const listPublicIds = async (
  ports: ProvisioningPorts,
  input: ListInput,
): Promise<Outcome<PublicIdList>> => {
  const proportion = integer('chunk-proportion', input['chunk-proportion'], 256, 1, CHUNK_PROPORTION_MAX);
  const chunk = integer('chunk', input.chunk, -1, 0, proportion - 1);
  const limit = integer('limit', input.limit, PUBLIC_IDS_MAX, 1, PUBLIC_IDS_MAX);
  const bare = excludes(input.excludeuuids);
  const public_ids: ListedId[] = [];
  for await (const { impu, irs } of ports.profiles.reservations(input.after)) {
    if (chunk >= 0 && !inChunk(impu, proportion, chunk)) continue;
    const profile = await ports.profiles.profile(irs);
    const holder = profile && profileHolding(profile.state, impu);
    if (!holder) continue;
    const last = public_ids[limit - 1];
    if (last) return shown({ public_ids, next: last.public_id });
    public_ids.push(bare ? { public_id: impu } : { public_id: impu, sp: holder.id, irs });
  }
  return shown({ public_ids });
};
