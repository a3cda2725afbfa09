// AKA at the registrar: two routers on one store, a SIM, and those who only overheard it. On a fake clock.
import {
  akaHa1,
  akaPassword,
  type AkaVersion,
  nextSqn,
  readAkaNonce,
  sqnOfAuts,
  Usim,
  vectorOf,
} from '#libs/aka';
import { createDecoy } from '#libs/digest';
import type { Answer, AkaVector, AuthenticationOptions, Homestead } from '#libs/homestead-client';
import {
  digestResponse,
  type Flow,
  parseAuthorization,
  parseMessage,
  type ServerTransaction,
} from '#libs/sip';
import { createMemoryKeyValueStore, type KeyValueStore } from '#libs/stores';
import { createFakeClock, createSeededRandom, type FakeClock, settle } from '#libs/testkit';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { authenticate, type Authenticator } from './authenticate.js';
import { Challenges, type LiveChallenges } from './challenges.js';
import { FailureBrake } from './failure-brake.js';

const EDGE = '127.0.0.1';
const IMPI = 'alice@ims.test';
const IMPU = `sip:${IMPI}`;
const SECRETS = { k: Buffer.alloc(16, 1), opc: Buffer.alloc(16, 2) };
const AMF = Buffer.from('8000', 'hex');

let clock: FakeClock;
let store: KeyValueStore<LiveChallenges>;
let asked: AuthenticationOptions[];
let sqn: number;
let failure: 'unavailable' | undefined;
let pcscf: string;
let routers: readonly [Authenticator, Authenticator];

const authentication = (
  _impi: string,
  _impu: string,
  options: AuthenticationOptions,
): Promise<Answer<AkaVector>> => {
  asked.push(options);
  if (failure !== undefined) return Promise.resolve({ ok: false, failure });
  const lost = options.resync;
  const theirs = lost && sqnOfAuts(SECRETS, lost.subarray(0, 16), lost.subarray(16));
  sqn = nextSqn(theirs ?? sqn);
  const { rand, autn, xres, ck, ik } = vectorOf(SECRETS, Buffer.alloc(16, asked.length), sqn, AMF);
  return Promise.resolve({
    ok: true,
    value: {
      kind: 'aka',
      challenge: Buffer.concat([rand, autn]).toString('base64'),
      response: xres.toString('hex'),
      cryptkey: ck.toString('hex'),
      integritykey: ik.toString('hex'),
      version: options.scheme === 'akav2' ? 2 : 1,
    },
  });
};

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryKeyValueStore({ name: 'challenges', clock });
  asked = [];
  sqn = 0;
  failure = undefined;
  pcscf = EDGE;
  const router = (seed: number): Authenticator => {
    const random = createSeededRandom(seed);
    const ports: Pick<SproutPorts, 'clock' | 'random' | 'observer' | 'homestead'> = {
      clock,
      random,
      homestead: { authentication } as Pick<Homestead, 'authentication'> as Homestead,
      observer: { count: () => undefined, fault: () => undefined },
    };
    const settings: Partial<SproutSettings> = {
      homeDomain: 'ims.test',
      digestAlgorithms: ['MD5'],
      regMaxExpiresS: 300,
      scscfUri: 'sip:scscf.ims.test',
      isPcscf: (address) => address === pcscf,
    };
    return {
      ports: ports as SproutPorts,
      settings: settings as SproutSettings,
      challenges: new Challenges(store),
      brake: new FailureBrake(clock),
      decoy: createDecoy(random, 'ims.test'),
    };
  };
  routers = [router(1), router(2)];
});

const REQUEST =
  'REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/TCP bono:5058;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2\r\n' +
  'From: <sip:alice@ims.test>;tag=1\r\nTo: <sip:alice@ims.test>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n';

/** 200: let in. */
const send = async (router: 0 | 1, authorization?: string): Promise<{ status: number; header: string }> => {
  const outcome = { status: 0, header: '' };
  const parsed = parseMessage(REQUEST);
  if (!parsed.ok) throw new Error('bad request in the test');
  const flow: Pick<Flow, 'remoteAddress'> = { remoteAddress: EDGE };
  const tx: Pick<ServerTransaction, 'request' | 'flow' | 'reply'> = {
    request: parsed.message,
    flow: flow as Flow,
    reply: (status, _reason, header = '') => Object.assign(outcome, { status, header }),
  };
  const credentials = authorization === undefined ? undefined : parseAuthorization(authorization);
  const claim = { impi: IMPI, impu: IMPU, credentials };
  void authenticate(routers[router], tx as ServerTransaction, claim).then(
    (isIn) => isIn && (outcome.status = 200),
  );
  await settle();
  return outcome;
};

const nonceIn = (header: string): string => /nonce="([^"]+)"/.exec(header)?.[1] ?? '';

type Said = Readonly<{ ha1: string; more?: string; version?: AkaVersion; algorithm?: string }>;

const authorization = (
  nonce: string,
  { ha1, more = '', version = 1, algorithm = `AKAv${version}-MD5` }: Said,
): string => {
  const common = { nonce, nc: '00000001', cnonce: 'c', uri: 'sip:ims.test' } as const;
  const response = digestResponse({ algorithm: 'MD5', ...common, ha1, qop: 'auth', method: 'REGISTER' });
  return `Digest username="${IMPI}", realm="ims.test", nonce="${nonce}", uri="sip:ims.test", response="${response}", algorithm=${algorithm}, cnonce="c", qop=auth, nc=00000001${more}`;
};

/** What a phone with this SIM says to a challenge. */
const answerOf = (usim: Usim, nonce: string, version: AkaVersion = 1): string => {
  const { rand, autn } = readAkaNonce(nonce)!;
  const said = usim.challenge(rand, autn);
  if (said.kind === 'not-ours') throw new Error('not of its network');
  if (said.kind === 'answer')
    return authorization(nonce, {
      ha1: akaHa1(IMPI, 'ims.test', akaPassword(version, said.res, said)),
      version,
    });
  const more = `, auts="${said.auts.toString('base64')}"`;
  return authorization(nonce, { ha1: akaHa1(IMPI, 'ims.test', Buffer.alloc(0)), more, version });
};

const challenged = async (router: 0 | 1, first?: string): Promise<string> =>
  nonceIn((await send(router, first)).header);

it('challenges at one router and lets in at the other, and what was said once at neither again', async () => {
  const usim = new Usim(SECRETS);
  for (const [asks, judges] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const said = answerOf(usim, await challenged(asks));
    const before = asked.length;
    expect(await send(judges, said)).toMatchObject({ status: 200 });
    expect(asked).toHaveLength(before); // the challenge judges, not Homestead
    for (const router of [0, 1] as const) {
      const again = await send(router, said);
      expect([again.status, again.header]).toEqual([401, expect.stringContaining('stale=true')]);
    }
  }
});

it('lets one of two in who say the same at the same time', async () => {
  const said = answerOf(new Usim(SECRETS), await challenged(0));
  const both = await Promise.all([send(0, said), send(1, said)]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
});

it('is stale after 40 s', async () => {
  const said = answerOf(new Usim(SECRETS), await challenged(0));
  clock.advance(40_001);
  expect(await send(0, said)).toMatchObject({ status: 401 });
});

it('refuses a wrong answer, and another SIM is never asked twice the same', async () => {
  const nonce = await challenged(0);
  const wrong = authorization(nonce, { ha1: akaHa1(IMPI, 'ims.test', Buffer.alloc(8, 9)) });
  expect(await send(0, wrong)).toMatchObject({ status: 403 });
  expect(() => answerOf(new Usim({ ...SECRETS, k: Buffer.alloc(16, 9) }), nonce)).toThrow(
    'not of its network',
  );
  // The challenge stays the phone's to answer.
  expect(await send(1, answerOf(new Usim(SECRETS), nonce))).toMatchObject({ status: 200 });
});

it('slows who goes on guessing, as with passwords', async () => {
  const nonce = await challenged(0);
  const wrong = authorization(nonce, { ha1: 'f'.repeat(32) });
  for (let n = 0; n < 3; n++) expect(await send(0, wrong)).toMatchObject({ status: 403 });
  const fourth = await send(0, wrong);
  expect(fourth.status).toBe(0);
  await clock.advanceAsync(4_000);
  await settle();
  expect(fourth.status).toBe(403);
});

it('judges version 2 by what binds the keys, and takes no version 1 in its place', async () => {
  const wish =
    'Digest username="alice@ims.test", realm="ims.test", nonce="", uri="sip:ims.test", response="", algorithm=AKAv2-MD5';
  const { header } = await send(0, wish);
  expect(header).toContain('algorithm=AKAv2-MD5');
  const nonce = nonceIn(header);
  expect(await send(0, answerOf(new Usim(SECRETS), nonce, 1))).toMatchObject({ status: 401 });
  expect(await send(1, answerOf(new Usim(SECRETS), nonce, 2))).toMatchObject({ status: 200 });
});

it('takes no digest of a password for the answer of a SIM', async () => {
  const nonce = await challenged(0);
  const { rand, autn } = readAkaNonce(nonce)!;
  const said = new Usim(SECRETS).challenge(rand, autn);
  if (said.kind !== 'answer') throw new Error('no answer');
  const ha1 = akaHa1(IMPI, 'ims.test', said.res);
  expect(await send(0, authorization(nonce, { ha1, algorithm: 'MD5' }))).toMatchObject({ status: 401 });
});

describe('a phone that has counted further', () => {
  const travelled = () => new Usim(SECRETS, 1_000 * 32);

  it('gets a challenge above its count, from the router that it says so to', async () => {
    const usim = travelled();
    const lost = answerOf(usim, await challenged(0));
    const second = await send(1, lost);
    expect([second.status, second.header.includes('stale')]).toEqual([401, false]);
    expect(asked.at(-1)?.resync).toHaveLength(30);
    expect(await send(0, answerOf(usim, nonceIn(second.header)))).toMatchObject({ status: 200 });
  });

  it('gets it also when it sends no answer beside its count', async () => {
    const usim = travelled();
    const lost = answerOf(usim, await challenged(0)).replace(/response="[^"]*"/, 'response=""');
    const second = await send(1, lost);
    expect([second.status, second.header.includes('stale')]).toEqual([401, false]);
    expect(asked.at(-1)?.resync).toHaveLength(30);
    expect(await send(0, answerOf(usim, nonceIn(second.header)))).toMatchObject({ status: 200 });
  });

  it('is believed once: who repeats it gets a challenge like anybody', async () => {
    const lost = answerOf(travelled(), await challenged(0));
    await send(0, lost);
    await send(1, lost);
    expect(asked.map(({ resync }) => resync !== undefined)).toEqual([false, true, false]);
  });

  it.each(['AAAA', '', '***'])('is refused with %j for a count', async (auts) => {
    const nonce = await challenged(0);
    const ha1 = auts === '' ? 'f'.repeat(32) : akaHa1(IMPI, 'ims.test', Buffer.alloc(0));
    expect(await send(0, authorization(nonce, { ha1, more: `, auts="${auts}"` }))).toMatchObject({
      status: 403,
    });
  });

  it('is told of a fault of ours while Homestead does not answer', async () => {
    const lost = answerOf(travelled(), await challenged(0));
    failure = 'unavailable';
    expect(await send(0, lost)).toMatchObject({ status: 500 });
  });
});

describe('keys', () => {
  const first = (mark: string) =>
    `Digest username="alice@ims.test", realm="ims.test", nonce="", uri="sip:ims.test", response=""${mark}`;

  it.each(['yes', 'no'])('are told a P-CSCF that protects by them: %s', async (mark) => {
    const { header } = await send(0, first(`, integrity-protected="${mark}"`));
    expect(header).toMatch(/,ck="[0-9a-f]{32}",ik="[0-9a-f]{32}"/);
    expect(asked.at(-1)?.scheme).toBe('akav1');
  });

  it.each(['', ', integrity-protected="ip-assoc-pending"', ', integrity-protected="tls-yes"'])(
    'are told nobody else: %j',
    async (mark) => {
      const { header } = await send(0, first(mark));
      expect(header).toContain('algorithm=AKAv1-MD5');
      expect(header).not.toMatch(/\b[ci]k=/);
    },
  );

  it('are told no edge that the operator does not name', async () => {
    pcscf = '192.0.2.9';
    expect((await send(0, first(', integrity-protected="no"'))).header).not.toMatch(/\b[ci]k=/);
  });

  it('are kept nowhere: of a challenge only what judges its answer is', async () => {
    await challenged(0);
    const [kept] = (await store.get(IMPI))!.value;
    expect(Object.keys(kept!.aka!).sort()).toEqual(['ha1', 'version']);
  });
});
