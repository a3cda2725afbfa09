// For end-to-end tests: a started product, and a report whose checks throw, so that the steps of accept serve here too.
// SPROUT_LINK and HOMESTEAD_LINK of the environment reach the product: the same tests run with sockets inside.
import type { Report } from '../accept/line.js';
import { createProduct, type Product, type ProductOptions } from '../harness/product.js';

/** A check that does not hold fails the test at once. */
export const throwing: Report = {
  quick: true,
  note: () => undefined,
  figure: () => undefined,
  atMost(name, value, limit) {
    if (value > limit) throw new Error(`${name} is ${value}, at most ${limit}`);
  },
  atLeast(name, value, limit) {
    if (value < limit) throw new Error(`${name} is ${value}, at least ${limit}`);
  },
  check(what, holds, detail = '') {
    if (!holds) throw new Error(detail === '' ? what : `${what}: ${detail}`);
  },
};

export const startProduct = async (options: ProductOptions = {}): Promise<Product> => {
  const product = await createProduct(options);
  await product.start();
  return product;
};
