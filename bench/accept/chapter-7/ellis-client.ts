// Ellis' API as programs and browsers ask it, over node's own HTTP client: paths go out as they are written, and connections to one Ellis are
// bounded. Used by lines about accounts and numbers.
import { Agent, request } from 'node:http';
import { API_KEY, SIGNUP_CODE } from '../../harness/product.js';

/** Ellis takes 4,096. */
const CONNECTIONS_MAX = 2_500;
const ANSWER_MS_MAX = 120_000;

export type EllisAsk = Readonly<{
  body?: string | object;
  headers?: Readonly<Record<string, string>>;
  /** A cookie, or `key`. */
  as?: string;
}>;

export type EllisReply = Readonly<{
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
  /** {} where the body is no JSON. */
  json: Readonly<Record<string, unknown>>;
}>;

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });

const jsonIn = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};

const headersFor = ({ body, headers, as }: EllisAsk, payload: string): Record<string, string> => ({
  ...(as === undefined ? {} : as === 'key' ? { 'ngv-api-key': API_KEY } : { cookie: as }),
  ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}),
  ...(payload === '' ? {} : { 'content-length': String(Buffer.byteLength(payload)) }),
  ...headers,
});

/** Asks the Ellis at `url`; rejects when it gives no answer. A stream of events is ended once it has begun. */
export const askEllis = (url: string, method: string, path: string, ask: EllisAsk = {}): Promise<EllisReply> => {
  const { body } = ask;
  const payload = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
  const { hostname, port } = new URL(url);
  const options = { agent, host: hostname, port, method, path, headers: headersFor(ask, payload), timeout: ANSWER_MS_MAX };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = '';
      const done = (): void => resolve({ status, headers, text, json: jsonIn(text) });
      response.setEncoding('utf8');
      response.on('error', reject);
      response.on('end', done);
      response.on('data', (chunk: string) => {
        text += chunk;
        if (headers['content-type']?.startsWith('text/event-stream') !== true) return;
        done();
        response.destroy();
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer within ${ANSWER_MS_MAX} ms`)));
    sent.on('error', reject);
    sent.end(payload);
  });
}; // prettier-ignore

/** No connection is kept. */
export const forgetConnections = (): void => agent.destroy();

/** `/accounts/<e>/…`, each part percent-encoded. */
export const accountPath = (account: string, ...rest: readonly string[]): string =>
  `/${['accounts', account, ...rest].map(encodeURIComponent).join('/')}`;

/** The cookie that an answer sets; undefined: none. */
export const cookieIn = ({ headers }: EllisReply): string | undefined =>
  [headers['set-cookie'] ?? []].flat()[0]?.split(';')[0];

const must = (what: string, reply: EllisReply, status: number): EllisReply => {
  if (reply.status === status) return reply;
  throw new Error(`${what}: ${reply.status} ${reply.text.slice(0, 300)}`);
};

export const PASSWORD = 'correct horse battery';

/** An account; rejects when it is not made. */
export const makeAccount = async (url: string, email: string): Promise<void> => {
  const body = { email, password: PASSWORD, full_name: email.split('@')[0], signup_code: SIGNUP_CODE };
  must(`account ${email}`, await askEllis(url, 'POST', '/accounts/', { body }), 201);
};

/** The cookie of a new session. */
export const signIn = async (url: string, username: string, password = PASSWORD): Promise<string> => {
  const reply = await askEllis(url, 'POST', '/session/', { body: { username, password } });
  return cookieIn(must(`session of ${username}`, reply, 201)) ?? '';
};

/** SIP URIs of an account's numbers. */
export const numbersOf = async (url: string, account: string, as = 'key'): Promise<readonly string[]> => {
  const reply = must(`numbers of ${account}`, await askEllis(url, 'GET', accountPath(account, 'numbers'), { as }), 200); // prettier-ignore
  return ((reply.json['numbers'] ?? []) as readonly Readonly<{ sip_uri: string }>[]).map(({ sip_uri }) => sip_uri);
}; // prettier-ignore

/** A number for the account: its SIP URI. */
export const newNumber = async (url: string, account: string, as: string): Promise<string> => {
  const reply = await askEllis(url, 'POST', accountPath(account, 'numbers'), { as });
  return String(must(`number for ${account}`, reply, 200).json['sip_uri']);
};
