// What Homestead tells the registrar when the HSS takes registrations back, or changes a profile: DELETE and PUT /registrations of Sprout's
// signalling port (backend.md §1.3), or its functions in one process. Used by pushes.ts.
import {
  createHttpPool,
  createUndiciTransport,
  type HttpPool,
  type HttpResponse,
  type ResolveHost,
} from '#libs/http-pool';
import type { Clock, Random } from '#libs/runtime';

/** Without `impi` whoever registered it. */
export type Withdrawal = Readonly<{ primaryImpu: string; impi?: string }>;

/** Of one request over HTTP: what the registrar takes at most. More go in several, one after the other. */
export const WITHDRAWALS_MAX = 1_000;

export interface RegistrarLink {
  /** Resolves when all of them are ended; rejects when they may not be. */
  withdraw(withdrawals: readonly Withdrawal[], options: Readonly<{ notify: boolean }>): Promise<void>;
  /** Bindings have the identities of the profile when it resolves. */
  changeProfile(defaultImpu: string, userDataXml: string): Promise<void>;
}

export const withdrawalsToJson = (withdrawals: readonly Withdrawal[]): string =>
  JSON.stringify({
    registrations: withdrawals.map(({ primaryImpu, impi }) => ({
      'primary-impu': primaryImpu,
      ...(impi === undefined ? {} : { impi }),
    })),
  });

const JSON_TYPE = { 'content-type': 'application/json' };

const done = ({ status }: HttpResponse): void => {
  if (status !== 200) throw new Error(`the registrar answered ${status}`);
};

export const createHttpRegistrarLink = (pool: Pick<HttpPool, 'request'>): RegistrarLink => ({
  async withdraw(withdrawals, { notify }) {
    const path = `/registrations?send-notifications=${String(notify)}`;
    for (let from = 0; from < withdrawals.length; from += WITHDRAWALS_MAX) {
      const body = withdrawalsToJson(withdrawals.slice(from, from + WITHDRAWALS_MAX));
      done(await pool.request({ method: 'DELETE', path, headers: JSON_TYPE, body }));
    }
  },
  async changeProfile(defaultImpu, userDataXml) {
    const path = `/registrations/${encodeURIComponent(defaultImpu)}`;
    const body = JSON.stringify({ 'user-data-xml': userDataXml });
    done(await pool.request({ method: 'PUT', path, headers: JSON_TYPE, body }));
  },
});

export type ConnectRegistrarOptions = Readonly<{
  url: string;
  resolve: ResolveHost;
  apiKey: string | undefined;
  /** PEM of those who vouch for it over TLS. */
  ca?: string | undefined;
  clock: Clock;
  random: Random;
}>;

/** A registrar at a URL; it makes events durable before it answers. */
const ANSWER_MS = 2_500;

export const connectRegistrar = ({ apiKey, ca, ...options }: ConnectRegistrarOptions) => {
  const headers = apiKey === undefined ? {} : { headers: { 'x-api-key': apiKey } };
  const transport = createUndiciTransport({ answerMs: ANSWER_MS, ca });
  const pool = createHttpPool({ ...options, ...headers, transport });
  return { link: createHttpRegistrarLink(pool), close: () => pool.close() };
};
