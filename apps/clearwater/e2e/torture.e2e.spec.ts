// Every message of RFC 4475 and RFC 5118, bit-exact, sent to the running product over UDP and over TCP: the answer to each, and
// the process up after it. What the parser makes of them: libs/sip/src/message/torture.spec.ts; the files: testdata/torture.
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { RunningProduct, sleep } from './running-product.js';

const folder = path.resolve(import.meta.dirname, '../../../libs/sip/testdata/torture');
const read = (name: string): Buffer => readFileSync(path.join(folder, `${name}.dat`));

/** An answer later than this is none. */
const ANSWER_MS_MAX = 5_000;
/** How long it is watched that nothing comes, or nothing more. */
const QUIET_MS = 400;
const SIP_PORT = 5060;

type Answer = number | 'none';
/** What becomes of the connection: left open, or closed since the stream cannot be cut into messages any more. */
type Stream = readonly [answer: Answer | readonly number[], connection: 'open' | 'closed'];
type Case = readonly [section: string, name: string, udp: Answer, why: string, tcp?: Stream];

const NOBODY = 'well-formed; the edge refuses who is not registered (TS 24.229 §5.2.6.3)';
const UNKNOWN =
  'well-formed; who is nobody is challenged like everybody (docs/adr/0007-nobody-is-challenged-too.md)';
const KNOWN = 'a registration of a user of ours is challenged (RFC 3261 §10.3)';
const RESPONSE = 'a response to nothing that was sent (RFC 3261 §18.1.2)';
/** A body shorter than promised: a stream waits for the rest (RFC 3261 §18.3). */
const WAITS: Stream = ['none', 'open'];

const CASES: readonly Case[] = [
  ['4475 §3.1.1.1', 'wsinv', 403, NOBODY],
  ['4475 §3.1.1.2', 'intmeth', 403, NOBODY],
  ['4475 §3.1.1.3', 'esc01', 403, NOBODY],
  ['4475 §3.1.1.4', 'escnull', 401, UNKNOWN],
  ['4475 §3.1.1.5', 'esc02', 403, NOBODY],
  ['4475 §3.1.1.6', 'lwsdisp', 403, NOBODY],
  ['4475 §3.1.1.7', 'longreq', 403, NOBODY],
  [
    '4475 §3.1.1.8',
    'dblreq',
    401,
    'a datagram is one request, of a user of ours; a stream holds two, which are both answered, then noise',
    [[401, 403], 'closed'],
  ],
  ['4475 §3.1.1.9', 'semiuri', 403, NOBODY],
  ['4475 §3.1.1.10', 'transports', 403, NOBODY],
  ['4475 §3.1.1.11', 'mpart01', 403, NOBODY],
  ['4475 §3.1.1.12', 'unreason', 'none', RESPONSE],
  ['4475 §3.1.1.13', 'noreason', 'none', RESPONSE],
  ['4475 §3.1.2.1', 'badinv01', 400, 'Via and Contact of separators only'],
  ['4475 §3.1.2.2', 'clerr', 400, 'the body is shorter than its Content-Length', WAITS],
  ['4475 §3.1.2.3', 'ncl', 400, 'negative Content-Length', [400, 'closed']],
  ['4475 §3.1.2.4', 'scalar02', 400, 'CSeq, Max-Forwards and expires beyond their range'],
  ['4475 §3.1.2.5', 'scalarlg', 'none', 'a bad response is dropped'],
  ['4475 §3.1.2.6', 'quotbal', 400, 'an open quote in To'],
  ['4475 §3.1.2.7', 'ltgtruri', 400, 'Request-URI in angle brackets'],
  ['4475 §3.1.2.8', 'lwsruri', 400, 'space in the Request-URI'],
  ['4475 §3.1.2.9', 'lwsstart', 400, 'two spaces in the request line'],
  ['4475 §3.1.2.10', 'trws', 400, 'space after the version'],
  ['4475 §3.1.2.11', 'escruri', 403, 'headers in the Request-URI may be ignored; then as nobody’s'],
  ['4475 §3.1.2.12', 'baddate', 403, 'Date is not used; then as nobody’s'],
  ['4475 §3.1.2.13', 'regbadct', 400, 'Contact with a question mark outside < >'],
  ['4475 §3.1.2.14', 'badaspec', 403, 'space inside < > is tolerated; then as nobody’s'],
  [
    '4475 §3.1.2.15',
    'baddn',
    400,
    'comma in a bare name, and no end of headers, for which a stream waits',
    WAITS,
  ],
  ['4475 §3.1.2.16', 'badvers', 505, 'SIP/7.0'],
  ['4475 §3.1.2.17', 'mismatch01', 400, 'the method of CSeq is another'],
  ['4475 §3.1.2.18', 'mismatch02', 400, 'the same, with an unknown method'],
  ['4475 §3.1.2.19', 'bigcode', 'none', 'a bad response is dropped'],
  ['4475 §3.2.1', 'badbranch', 403, 'a branch that is only the cookie; then as nobody’s'],
  ['4475 §3.3.1', 'insuf', 400, 'no From, To, Call-ID: the answer lacks them too'],
  ['4475 §3.3.2', 'unkscm', 416, 'unknown scheme'],
  ['4475 §3.3.3', 'novelsc', 416, 'known scheme, not one for SIP'],
  ['4475 §3.3.4', 'unksm2', 400, 'an address-of-record is SIP or SIPS'],
  ['4475 §3.3.5', 'bext01', 420, 'Proxy-Require that nobody supports'],
  ['4475 §3.3.6', 'invut', 403, NOBODY],
  ['4475 §3.3.7', 'regaut01', 401, 'credentials of an unknown scheme are none: challenged'],
  ['4475 §3.3.8', 'multi01', 400, 'single-value headers repeated'],
  ['4475 §3.3.9', 'mcl01', 400, 'two values of Content-Length', [400, 'closed']],
  ['4475 §3.3.10', 'bcast', 'none', RESPONSE],
  ['4475 §3.3.11', 'zeromf', 483, 'Max-Forwards 0; OPTIONS could be answered, we refuse (RFC 3261 §16.3)'],
  ['4475 §3.3.12', 'cparam01', 401, KNOWN],
  ['4475 §3.3.13', 'cparam02', 401, KNOWN],
  ['4475 §3.3.14', 'regescrt', 401, KNOWN],
  ['4475 §3.3.15', 'sdp01', 403, NOBODY],
  ['4475 §3.4.1', 'inv2543', 403, 'well-formed of old; on a stream Content-Length is due', [400, 'closed']],
  ['4475 archive', 'test', 'none', 'no version, no headers to answer with'],
  ['5118 §4.1', 'ipv6-good', 401, KNOWN],
  ['5118 §4.2', 'ipv6-bad', 400, 'IPv6 address without brackets'],
  ['5118 §4.3', 'port-ambiguous', 401, KNOWN],
  ['5118 §4.4', 'port-unambiguous', 401, KNOWN],
  ['5118 §4.5', 'via-received-param-with-delim', 403, NOBODY],
  ['5118 §4.5', 'via-received-param-no-delim', 403, NOBODY],
  ['5118 §4.6', 'ipv6-in-sdp', 400, 'as printed, the body is shorter than its Content-Length', WAITS],
  ['5118 §4.7', 'mult-ip-in-header', 403, NOBODY],
  ['5118 §4.8', 'mult-ip-in-sdp', 403, 'nobody’s; as printed, noise follows the body', [403, 'closed']],
  ['5118 §4.9', 'ipv4-mapped-ipv6', 403, NOBODY],
  ['5118 §4.10', 'ipv6-bug-abnf-3-colons', 403, 'tolerated; then as nobody’s'],
  ['5118 §4.10', 'ipv6-correct-abnf-2-colons', 403, NOBODY],
];

let product: RunningProduct;
const API_KEY = 'torture-key-0123456789abcdef';

const put = async (method: 'POST' | 'PUT', at: string, body = '', type = ''): Promise<string> => {
  const { status, headers } = await fetch(`http://127.0.0.1:${product.ports.HOMESTEAD_PROV_PORT}${at}`, {
    method,
    headers: { 'X-API-Key': API_KEY, ...(type === '' ? {} : { 'Content-Type': type }) },
    ...(type === '' ? {} : { body }),
  });
  if (status >= 300) throw new Error(`${method} ${at}: ${status}`);
  return (headers.get('location') ?? '').replace(/^https?:\/\/[^/]+/, '');
};

/** Those whom the registrations speak of are subscribers: they get as far as the challenge. */
const provision = async (name: string): Promise<void> => {
  const impu = `sip:${name}@example.com`;
  const impi = encodeURIComponent(`${name}@example.com`);
  const set = await put('POST', '/irs');
  const profile = await put('POST', `${set}/service_profiles`);
  const secret = JSON.stringify({ plaintext_password: 'secret' });
  await put('PUT', `/private/${impi}`, secret, 'application/json');
  await put('PUT', `${set}/private_ids/${impi}`);
  const identity = `<PublicIdentity><Identity>${impu}</Identity></PublicIdentity>`;
  await put('PUT', `${profile}/public_ids/${encodeURIComponent(impu)}`, identity, 'application/xml');
};

/** One product a transport: the messages share branches, and one sent again would be a retransmission. */
const withProduct = (): void => {
  beforeAll(async () => {
    product = await RunningProduct.start({ HOME_DOMAIN: 'example.com', API_KEYS: API_KEY, DEMO: '0' });
    for (const name of ['user', 'j.user', 'watson']) await provision(name);
  });
  afterAll(() => product.close());
};

/** Final answers only: 100 says nothing of the message. */
const finals = (text: string): number[] =>
  [...text.matchAll(/^SIP\/2\.0 ([2-6]\d\d) /gm)].map(([, status]) => Number(status));

/** A source of its own for each message (127/8), so that what is sent again for one is not taken for another's. */
const sourceOf = (name: string): string => `127.0.4.${CASES.findIndex((one) => one[1] === name) + 1}`;

/** The port in the top Via: none of the messages asks for rport, so answers go there (RFC 3261 §18.2.2). */
const answerPort = (raw: string): number =>
  Number(/^v(?:ia)?[ \t]*:[^\r\n]*?\w (?:\[[^\]]*\]|[^\s:;,]+):(\d+)/im.exec(raw)?.[1] ?? SIP_PORT);

const heard = async (text: () => string, expected: Stream[0]): Promise<void> => {
  const endMs = performance.now() + ANSWER_MS_MAX;
  while (expected !== 'none' && finals(text()).length === 0 && performance.now() < endMs) await sleep(5);
  if (expected === 'none') await sleep(QUIET_MS);
};

const overUdp = async (name: string, expected: Answer): Promise<string> => {
  const raw = read(name);
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  let text = '';
  socket.on('message', (datagram) => (text += datagram.toString('latin1')));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(answerPort(raw.toString('latin1')), sourceOf(name), resolve);
    });
    socket.send(raw, product.ports.BONO_PORT, '127.0.0.1');
    await heard(() => text, expected);
  } finally {
    socket.close();
  }
  return text;
};

const overTcp = async (name: string, [expected, end]: Stream): Promise<{ text: string; closed: boolean }> => {
  const socket = connect({
    port: product.ports.BONO_PORT,
    host: '127.0.0.1',
    localAddress: sourceOf(name),
  });
  let text = '';
  let closed = false;
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('close', () => (closed = true));
  socket.on('error', () => (closed = true));
  try {
    socket.write(read(name));
    await heard(() => text, expected);
    const endMs = performance.now() + (end === 'closed' ? ANSWER_MS_MAX : QUIET_MS / 4);
    while (!closed && performance.now() < endMs) await sleep(5);
    return { text, closed };
  } finally {
    socket.destroy();
  }
};

/** An answer is to the message that was sent: its Call-ID is one of the message's. */
const checkCallId = (text: string, name: string): void => {
  const callId = /^(?:call-id|i)[ \t]*:\s*(\S+)/im.exec(text)?.[1];
  if (callId !== undefined) expect(read(name).toString('latin1')).toContain(callId);
};

it('has an answer for every file', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.dat'));
  expect(CASES.map(([, name]) => `${name}.dat`).sort()).toEqual(files.sort());
});

describe('torture messages over UDP', () => {
  withProduct();

  const datagrams = CASES.map(([section, name, udp, why]) => [section, name, udp, why] as const);

  it.each(datagrams)('%s %s → %s (%s)', async (_section, name, udp) => {
    const text = await overUdp(name, udp);
    expect([...new Set(finals(text))]).toEqual(udp === 'none' ? [] : [udp]);
    checkCallId(text, name);
    expect(await product.health()).toBe(200);
  });

  it('bext01: says what is not supported', async () => {
    expect(await overUdp('bext01', 420)).toMatch(
      /^Unsupported: noProxiesSupportThis, norDoAnyProxiesSupportThis\r$/m,
    );
  });

  it('dblreq: only the first request is answered', async () => {
    expect(await overUdp('dblreq', 401)).not.toMatch(/^CSeq: 8 INVITE/m);
  });
});

describe('torture messages over TCP', () => {
  withProduct();
  const streams = CASES.map(
    ([section, name, udp, why, tcp]) => [section, name, tcp ?? ([udp, 'open'] as const), why] as const,
  );

  it.each(streams)('%s %s → %s (%s)', async (_section, name, tcp) => {
    const { text, closed } = await overTcp(name, tcp);
    const expected = tcp[0] === 'none' ? [] : [tcp[0]].flat();
    expect([[...new Set(finals(text))].sort(), closed]).toEqual([expected, tcp[1] === 'closed']);
    checkCallId(text, name);
    expect(await product.health()).toBe(200);
  });
});
