// `npm run bench -- recover`: a log of N registration events, written as the product writes them, then the product started on it:
// how long until /healthz says ready with nothing but the log, and again after kill -9.
import type { Binding } from '#libs/domain';
import { createEmbeddedLog, nodeDisk } from '#libs/event-log';
import { systemClock, systemRandom } from '#libs/runtime';
import { createProduct, DOMAIN } from './harness/product.js';
import { progress } from './harness/report.js';

const EVENTS_PER_USER = 10;
const APPENDS_AT_ONCE = 256;
const A_YEAR_MS = 365 * 86_400_000;

const bindingOf = (user: string, port: number, cseq: number): Binding => ({
  bindingId: `<urn:uuid:00000000-0000-4000-8000-${String(port).padStart(12, '0')}>`,
  contact: `sip:${user}@192.0.2.1:${port};transport=udp`,
  params: `;+sip.instance="<urn:uuid:00000000-0000-4000-8000-${String(port).padStart(12, '0')}>"`,
  q: 1,
  callId: `${user}-${port}@192.0.2.1`,
  cseq,
  expiresAtMs: systemClock.nowMs() + A_YEAR_MS,
  grantedS: 3600,
  path: [`<sip:${systemRandom.token(40)}@127.0.0.1:5058;lr;ob>`],
  impi: `${user}@${DOMAIN}`,
  impu: `sip:${user}@${DOMAIN}`,
  identities: [`sip:${user}@${DOMAIN}`],
  userAgent: 'bench',
});

/** Registrations and refreshes of events/10 users. */
const writeLog = async (directory: string, events: number): Promise<void> => {
  const log = await createEmbeddedLog({
    directory,
    disk: nodeDisk,
    clock: systemClock,
    random: systemRandom,
  });
  const users = Math.ceil(events / EVENTS_PER_USER);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < users) {
      const user = `u${String(next).padStart(7, '0')}`;
      next += 1;
      for (let cseq = 1; cseq <= EVENTS_PER_USER; cseq += 1) {
        const data = bindingOf(user, 40_000 + (next % 10_000), cseq);
        const type = cseq === 1 ? 'BindingAdded' : 'BindingRefreshed';
        await log.append(`registration-sip:${user}@${DOMAIN}`, [{ type, data }]);
      }
    }
  };
  await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, work));
  await log.close();
};

export const benchRecover = async ({ events }: { events: number }): Promise<object> => {
  const product = await createProduct();
  try {
    const startMs = performance.now();
    await writeLog(product.dataDir, events);
    progress(`${events} events written in ${Math.round((performance.now() - startMs) / 1000)} s`);
    const firstMs = await product.start();
    const residentMiB = product.residentMiB();
    progress(`ready after ${firstMs} ms with nothing but the log`);
    await product.kill9();
    const againMs = await product.start();
    progress(`ready after ${againMs} ms after kill -9`);
    return {
      events,
      users: Math.ceil(events / EVENTS_PER_USER),
      readyMs: firstMs,
      readyAfterKillMs: againMs,
      residentMiB,
    };
  } finally {
    await product.dispose();
  }
};
