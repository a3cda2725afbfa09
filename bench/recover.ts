// `npm run bench -- recover`: a log of N registration events, written as the product writes them, then the product started on it:
// how long until /healthz says ready with nothing but the log, and again after kill -9.
import { createProduct } from './harness/product.js';
import { progress } from './measure/report.js';
import { usersOfLog, writeRegistrationLog } from './registration-log.js';

export type RecoverFigures = Readonly<{
  events: number;
  users: number;
  readyMs: number;
  readyAfterKillMs: number;
  residentMiB: number;
}>;

export const benchRecover = async ({ events }: { events: number }): Promise<RecoverFigures> => {
  const product = await createProduct();
  try {
    const startMs = performance.now();
    await writeRegistrationLog(product.dataDir, events);
    progress(`${events} events written in ${Math.round((performance.now() - startMs) / 1000)} s`);
    const firstMs = await product.start();
    const residentMiB = product.residentMiB();
    progress(`ready after ${firstMs} ms with nothing but the log`);
    await product.kill9();
    const againMs = await product.start();
    progress(`ready after ${againMs} ms after kill -9`);
    return {
      events,
      users: usersOfLog(events),
      readyMs: firstMs,
      readyAfterKillMs: againMs,
      residentMiB,
    };
  } finally {
    await product.dispose();
  }
};
