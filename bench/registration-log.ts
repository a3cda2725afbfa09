// A log of registration events as the product writes them, for benches: each user registers once and then refreshes.
// Used by recover.ts and replay.ts.
import type { Binding } from '#libs/domain';
import { createEmbeddedLog, nodeDisk } from '#libs/event-log';
import { systemClock, systemRandom } from '#libs/runtime';
import { DOMAIN } from './harness/product.js';

export const EVENTS_PER_USER = 10;
const APPENDS_AT_ONCE = 256;
const A_YEAR_MS = 365 * 86_400_000;

export const bindingOf = (user: string, port: number, cseq: number): Binding => ({
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

export const usersOfLog = (events: number): number => Math.ceil(events / EVENTS_PER_USER);

/** Registrations and refreshes of events/10 users. */
export const writeRegistrationLog = async (directory: string, events: number): Promise<void> => {
  const log = await createEmbeddedLog({
    directory,
    disk: nodeDisk,
    clock: systemClock,
    random: systemRandom,
  });
  const users = usersOfLog(events);
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
