// `npm run bench -- memory`: the product as `npm start` starts it, N subscribers provisioned over Homestead Prov's API, each registered
// once with digest over UDP; then its resident memory after a while of rest, and after a longer one, no collection forced.
import { sleep } from './harness/children.js';
import { createProduct, type Product } from './harness/product.js';
import { progress } from './measure/report.js';
import { allSucceeded } from './harness/sipp.js';
import { provision, type User } from './harness/users.js';
import { prepareRegistrations } from './flows.js';

/** Answers are kept for retransmissions for 32 s: what is measured before they go is a peak, not what a user takes. */
export const SETTLE_S = 40;
/** A process at rest gives back what its heap holds and does not use when 100 s have passed since the last full collection. */
const REST_S = 140;
const REGISTER_RATE = 1500;

const seconds = (sinceMs: number): number => Math.round((performance.now() - sinceMs) / 100) / 10;

const provisionAll = async (product: Product, users: readonly User[]): Promise<number> => {
  const startMs = performance.now();
  await provision(product, users);
  const tookS = seconds(startMs);
  progress(`${users.length} subscribers provisioned in ${tookS} s: ${product.residentMiB()} MiB`);
  return tookS;
};

export type MemoryFigures = Readonly<{
  users: number;
  /** After the rest. */
  residentMiB: number;
  /** After the longer one; the short form has none. */
  restedMiB?: number;
  registeredMiB: number;
  provisionedMiB: number;
  emptyMiB: number;
  provisionedInS: number;
}>;

export const benchMemory = async ({
  users,
  settleS = SETTLE_S,
}: Readonly<{ users: number; settleS?: number }>): Promise<MemoryFigures> => {
  const product = await createProduct({ env: { REG_MAX_EXPIRES: '3600' } });
  try {
    await product.start();
    const emptyMiB = product.residentMiB();
    const flows = await prepareRegistrations(`127.0.0.1:${product.ports.BONO_PORT}`, users);
    try {
      const provisionedInS = await provisionAll(product, flows.users);
      const provisionedMiB = product.residentMiB();
      const startMs = performance.now();
      allSucceeded('registrations', await flows.load(REGISTER_RATE, users), users);
      const registeredMiB = product.residentMiB();
      progress(`${users} registered in ${seconds(startMs)} s: ${registeredMiB} MiB`);
      await sleep(settleS * 1000);
      const residentMiB = product.residentMiB();
      progress(`after ${settleS} s of rest: ${residentMiB} MiB`);
      const figures = { users, residentMiB, registeredMiB, provisionedMiB, emptyMiB, provisionedInS };
      if (settleS < SETTLE_S) return figures;
      await sleep((REST_S - settleS) * 1000);
      const restedMiB = product.residentMiB();
      progress(`after ${REST_S} s of rest: ${restedMiB} MiB`);
      return { ...figures, restedMiB };
    } finally {
      flows.dispose();
    }
  } finally {
    await product.dispose();
  }
};
