// What Homestead tells the registrar when the HSS takes registrations back: `DELETE /registrations` of Sprout's signalling port
// (backend.md §1.3), or its function in one process. Used by pushes.ts.
import { createHttpPool, createUndiciTransport, type HttpPool, type ResolveHost } from '#libs/http-pool';
import type { Clock, Random } from '#libs/runtime';

/** Without `impi` whoever registered it. */
export type Withdrawal = Readonly<{ primaryImpu: string; impi?: string }>;

export interface RegistrarLink {
  /** Resolves when all of them are ended; rejects when they may not be. */
  withdraw(withdrawals: readonly Withdrawal[], options: Readonly<{ notify: boolean }>): Promise<void>;
}

export const withdrawalsToJson = (withdrawals: readonly Withdrawal[]): string =>
  JSON.stringify({
    registrations: withdrawals.map(({ primaryImpu, impi }) => ({
      'primary-impu': primaryImpu,
      ...(impi === undefined ? {} : { impi }),
    })),
  });

export const createHttpRegistrarLink = (pool: Pick<HttpPool, 'request'>): RegistrarLink => ({
  async withdraw(withdrawals, { notify }) {
    const { status } = await pool.request({
      method: 'DELETE',
      path: `/registrations?send-notifications=${String(notify)}`,
      headers: { 'content-type': 'application/json' },
      body: withdrawalsToJson(withdrawals),
    });
    if (status !== 200) throw new Error(`the registrar answered ${status}`);
  },
});

export type ConnectRegistrarOptions = Readonly<{
  url: string;
  resolve: ResolveHost;
  apiKey: string | undefined;
  clock: Clock;
  random: Random;
}>;

/** A registrar at a URL; it makes events durable before it answers. */
const ANSWER_MS = 2_500;

export const connectRegistrar = ({ apiKey, ...options }: ConnectRegistrarOptions) => {
  const headers = apiKey === undefined ? {} : { headers: { 'x-api-key': apiKey } };
  const transport = createUndiciTransport({ answerMs: ANSWER_MS });
  const pool = createHttpPool({ ...options, ...headers, transport });
  return { link: createHttpRegistrarLink(pool), close: () => pool.close() };
};
