// The rows of backend.md §9, each with its tests and with a request that walks it on running nodes. A row of the page that is not here, or the
// other way round, fails the line. Used by line-4.ts.
import { readFileSync } from 'node:fs';
import { accountPath, askEllis, cookieIn, type EllisReply, PASSWORD } from './ellis-client.js';
import { SIGNUP_CODE } from '../../harness/product.js';
import { inRepository } from '../../harness/root.js';

/** What a walk goes by: the nodes in turn, one account, and what it has come to. */
export type Walker = {
  /** The Ellis to ask next: never the one that was asked last. */
  readonly next: () => string;
  readonly email: string;
  cookie: string;
  number: string;
  privateId: string;
};

export type Walked = readonly (readonly [what: string, reply: EllisReply, status: number, holds?: boolean])[];

export type Row = Readonly<{
  /** The endpoint as the page's first column begins. */
  endpoint: string;
  /** Full names of tests; each has to pass. */
  tests: readonly string[];
  walk: (walker: Walker) => Promise<Walked>;
}>;

const XML = { 'content-type': 'application/xml' };
const lineOf = ({ email, number }: Walker, ...rest: readonly string[]): string =>
  accountPath(email, 'numbers', number, ...rest);

const POST_ACCOUNTS: Row = {
  endpoint: 'POST `/accounts/`',
  tests: [
    'POST /accounts/ makes an account, from JSON, a form or the query, and the code in a header',
    'POST /accounts/ refuses a wrong code',
    'POST /accounts/ refuses what is no address',
    'POST /accounts/ refuses a short password',
    'POST /accounts/ refuses no name',
    'POST /accounts/ refuses days that are none',
    'POST /accounts/ refuses a second one of the same address, whatever its case: 409',
    'POST /accounts/ ends an account after its days',
  ],
  async walk({ next, email }) {
    const body = { email, password: PASSWORD, full_name: 'Walker' };
    const headers = { 'NGV-Signup-Code': SIGNUP_CODE };
    const wrong = await askEllis(next(), 'POST', '/accounts/', { body, headers: { 'NGV-Signup-Code': 'x' } });
    const short = await askEllis(next(), 'POST', '/accounts/', { body: { ...body, password: '12345' }, headers }); // prettier-ignore
    const made = await askEllis(next(), 'POST', '/accounts/', { body, headers });
    const again = await askEllis(next(), 'POST', '/accounts/', { body, headers });
    return [
      ['a wrong code', wrong, 403],
      ['a short password', short, 400],
      ['an account', made, 201, made.json['username'] === email && made.json['full_name'] === 'Walker'],
      ['the same at the other node', again, 409],
    ];
  },
};

const DELETE_ACCOUNT: Row = {
  endpoint: 'DELETE `/accounts/<email>/`',
  tests: [
    'DELETE /accounts/<email>/ deletes its numbers, then itself: 204, and the address is free',
    'DELETE /accounts/<email>/ is 403 for somebody else, 404 for one that is not there',
    'when a neighbour fails a deletion that failed can be tried again, and an account stays until its numbers are gone',
  ],
  async walk({ next, email, cookie }) {
    const path = `${accountPath(email)}/`;
    return [
      ['without a session', await askEllis(next(), 'DELETE', path), 403],
      ['the account', await askEllis(next(), 'DELETE', path, { as: cookie }), 204],
      ['its session at the other node', await askEllis(next(), 'GET', '/session/', { as: cookie }), 403],
      ['it is gone at either', await askEllis(next(), 'DELETE', path, { as: 'key' }), 404],
    ];
  },
};

const PASSWORD_ROW: Row = {
  endpoint: 'POST `/accounts/<email>/password`',
  tests: [
    'POST /accounts/<email>/password sends a mail and says 200, whether there is somebody or not',
    'POST /accounts/<email>/password sets a password by the token, once, and ends all sessions',
    'POST /accounts/<email>/password refuses a token of somebody else, a wrong one, and one that is a day old: 422',
    'POST /accounts/<email>/password is throttled: five mails at once, twenty recoveries: 503',
  ],
  async walk({ next, email }) {
    const path = accountPath(email, 'password');
    const body = { recovery_token: 'x', password: PASSWORD };
    return [
      ['a mail is asked for', await askEllis(next(), 'POST', path), 200],
      ['a wrong token', await askEllis(next(), 'POST', path, { body }), 422],
    ];
  },
};

const SESSION: Row = {
  endpoint: 'POST `/session/`',
  tests: [
    'POST /session/ gives a cookie that no script reads and no other site sends',
    'POST /session/ refuses a wrong password and an unknown account alike: 403',
  ],
  async walk(walker) {
    const { next, email: username } = walker;
    const signIn = (password: string) => askEllis(next(), 'POST', '/session/', { body: { username, password } });
    const wrong = await signIn('wrong wrong');
    const right = await signIn(PASSWORD);
    walker.cookie = cookieIn(right) ?? '';
    const elsewhere = await askEllis(next(), 'GET', '/session/', { as: walker.cookie });
    return [
      ['a wrong password', wrong, 403],
      ['the right one', right, 201, walker.cookie.startsWith('session=')],
      ['the session opens the other node', elsewhere, 200, elsewhere.json['username'] === username],
    ];
  }, // prettier-ignore
};

const LIST: Row = {
  endpoint: 'GET `/accounts/<e>/numbers/`',
  tests: [
    'POST /accounts/<e>/numbers/ gives a number of the pool that works, and its password this once',
    'GET /accounts/<e>/numbers/ gives back what Homestead Prov does not know any more, at a second look',
    'GET /accounts/<e>/numbers/ is 502, and takes nothing away, when Homestead Prov is away',
    'GET /accounts/<e>/numbers/ is 502, and takes nothing away, when Homestead Prov is another server',
    'GET /accounts/<e>/numbers/ is 502, and takes nothing away, when Homestead Prov has a fault',
  ],
  async walk({ next, email, cookie }) {
    const listed = await askEllis(next(), 'GET', `${accountPath(email)}/numbers/`, { as: cookie });
    return [['no numbers yet', listed, 200, (listed.json['numbers'] as readonly unknown[] | undefined)?.length === 0]]; // prettier-ignore
  },
};

const MAKE: Row = {
  endpoint: 'POST same (pstn, private_id)',
  tests: [
    'POST /accounts/<e>/numbers/ gives a number of the pool that works, and its password this once',
    'POST /accounts/<e>/numbers/ shares a private identity of the account, without another password',
    'POST /accounts/<e>/numbers/ takes numbers of the public network from their own pool',
    'POST /accounts/<e>/numbers/ is 503 when the pool is empty, 403 when the account has enough',
  ],
  async walk(walker) {
    const { next, email, cookie: as } = walker;
    const path = `${accountPath(email)}/numbers/`;
    const made = await askEllis(next(), 'POST', path, { as });
    walker.number = String(made.json['sip_uri']);
    walker.privateId = String(made.json['private_id']);
    const shared = await askEllis(next(), 'POST', path, { as, body: { private_id: walker.privateId } });
    const listed = await askEllis(next(), 'GET', path, { as });
    const first = (listed.json['numbers'] as readonly Readonly<Record<string, unknown>>[] | undefined)?.find(
      ({ sip_uri }) => sip_uri === walker.number,
    );
    const { sip_password, ...shown } = made.json;
    const fields = 'sip_uri sip_username number formatted_number number_id domain pstn gab_listed private_id';
    return [
      ['a number', made, 200, fields.split(' ').every((name) => name in made.json) && sip_password !== undefined],
      ['one that shares its private identity', shared, 200, !('sip_password' in shared.json)],
      ['both at the other node', listed, 200, JSON.stringify(first) === JSON.stringify(shown)],
      ['of a pool without numbers', await askEllis(next(), 'POST', path, { as, body: { pstn: true } }), 503],
    ];
  }, // prettier-ignore
};

const NAMED: Row = {
  endpoint: 'POST `/accounts/<e>/numbers/<sip uri>/`',
  tests: [
    'POST /accounts/<e>/numbers/<sip uri>/ adds a number that is named, for the key only',
    'POST /accounts/<e>/numbers/<sip uri>/ takes a private identity, new or shared',
    'POST /accounts/<e>/numbers/<sip uri>/ is 409 where there is a subscriber of that name, who keeps what he has',
  ],
  async walk({ next, email, cookie }) {
    const path = `${accountPath(email, 'numbers', 'sip:walker.named@ims.test')}/`;
    const body = { private_id: 'walker.phone@ims.test', new_private_id: true };
    return [
      ['by a session', await askEllis(next(), 'POST', path, { as: cookie, body }), 403],
      ['by the key', await askEllis(next(), 'POST', path, { as: 'key', body }), 200],
      ['twice', await askEllis(next(), 'POST', path, { as: 'key', body }), 409],
    ];
  },
};

const DELETE_NUMBER: Row = {
  endpoint: 'DELETE same',
  tests: [
    'DELETE /accounts/<e>/numbers/<sip uri>/ takes the line away: 200 {}',
    'DELETE /accounts/<e>/numbers/<sip uri>/ keeps the default number of a private identity that others share: 409',
  ],
  async walk(walker) {
    const { next, email, cookie: as, number } = walker;
    const kept = await askEllis(next(), 'DELETE', `${lineOf(walker)}/`, { as });
    const all = (await askEllis(next(), 'GET', accountPath(email, 'numbers'), { as })).json['numbers'] ?? [];
    const other = (all as readonly Readonly<Record<string, unknown>>[]).find(
      ({ sip_uri, private_id }) => sip_uri !== number && private_id === walker.privateId,
    );
    const shared = accountPath(email, 'numbers', String(other?.['sip_uri']));
    return [
      ['the default one of two', kept, 409],
      ['the other one', await askEllis(next(), 'DELETE', shared, { as }), 200],
      ['then the default one', await askEllis(next(), 'DELETE', lineOf(walker), { as }), 200],
      ['it is gone at the other node', await askEllis(next(), 'DELETE', lineOf(walker), { as }), 404],
    ];
  },
};

const SIP_PASSWORD: Row = {
  endpoint: 'POST `…/password`',
  tests: ['what belongs to a number POST …/password gives another one'],
  async walk(walker) {
    const reply = await askEllis(walker.next(), 'POST', lineOf(walker, 'password'), { as: walker.cookie });
    return [['another password', reply, 200, typeof reply.json['sip_password'] === 'string']];
  },
};

const DOCUMENTS: Row = {
  endpoint: 'GET/PUT `…/simservs`, `…/ifcs`',
  tests: [
    'what belongs to a number GET and PUT …/simservs, by entity tag',
    'what belongs to a number GET and PUT …/ifcs',
    'what belongs to a number is out of the reach of any other account, by every path',
  ],
  async walk(walker) {
    const { next, cookie: as } = walker;
    const walked: (readonly [string, EllisReply, number, boolean?])[] = [];
    for (const name of ['simservs', 'ifcs']) {
      const read = await askEllis(next(), 'GET', lineOf(walker, name), { as });
      const body = read.text.replace('<NoReplyTimer>30', '<NoReplyTimer>25').replace('>INVITE<', '>MESSAGE<');
      const put = await askEllis(next(), 'PUT', lineOf(walker, name), { as, body, headers: XML });
      const again = await askEllis(next(), 'GET', lineOf(walker, name), { as });
      const broken = await askEllis(next(), 'PUT', lineOf(walker, name), { as, body: '<x', headers: XML });
      walked.push(
        [`${name} is read`, read, 200, read.text.includes('<') && body !== read.text],
        [`${name} is written`, put, 200],
        [`${name} is read at the other node as it was written`, again, 200, again.text === body],
        [`${name} that is none`, broken, 400],
      );
    }
    return walked;
  },
};

const LISTED: Row = {
  endpoint: 'GET `…/listed`',
  tests: ['what belongs to a number GET …/listed, PUT …/listed/0|1 and the address book'],
  async walk(walker) {
    const { next, cookie: as, number } = walker;
    const put = await askEllis(next(), 'PUT', lineOf(walker, 'listed', '1'), { as });
    const shown = await askEllis(next(), 'GET', lineOf(walker, 'listed'), { as });
    const book = await askEllis(next(), 'GET', '/gab', { as });
    const same = await askEllis(next(), 'GET', '/1/gab', { as: 'key' });
    return [
      ['listed', put, 200],
      ['shown at the other node', shown, 200, shown.json['listed'] === true],
      ['the address book', book, 200, book.text.includes(number)],
      ['by its other name', same, 200, same.text === book.text],
    ];
  },
};

const PING: Row = {
  endpoint: 'GET `/ping`',
  tests: [
    'GET /ping answers anybody, and GET /portal what the page has to know',
    'gives no page to who does not ask for one',
  ],
  async walk({ next }) {
    const page = await askEllis(next(), 'GET', '/', { headers: { accept: 'text/html' } });
    return [
      ['ping', await askEllis(next(), 'GET', '/ping'), 200],
      ['the page', page, 200, page.text.includes('<html')],
    ];
  },
};

/** In the order in which they can be walked: each uses what those before it made. */
export const ROWS: readonly Row[] = [
  PING, POST_ACCOUNTS, SESSION, PASSWORD_ROW, LIST, MAKE, NAMED, SIP_PASSWORD, DOCUMENTS, LISTED, DELETE_NUMBER, DELETE_ACCOUNT,
]; // prettier-ignore

/** First columns of the table of §9, as the page has them. */
export const endpointsOfThePage = (): readonly string[] => {
  const page = readFileSync(inRepository('docs/clearwater/backend.md'), 'utf8');
  const [, section = ''] = /^## 9\. Ellis.*\n([\s\S]*?)^## /m.exec(page) ?? [];
  return section
    .split('\n')
    .flatMap((row) => /^\| (.+?) \| /.exec(row)?.[1] ?? [])
    .filter((endpoint) => endpoint !== 'Endpoint');
};
