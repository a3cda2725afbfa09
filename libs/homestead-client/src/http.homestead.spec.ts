// Homestead over HTTP: what is asked, how each answer is read, and that the infrastructure is never a missing user.
import { HttpFault, type HttpFaultKind, type HttpRequest, type HttpResponse } from '#libs/http-pool';
import { createHttpHomestead } from './http.homestead.js';
import { regDataToXml } from './reg-data-xml.js';

const setUp = () => {
  const asked: HttpRequest[] = [];
  let answer: Partial<HttpResponse> | Error = {};
  const homestead = createHttpHomestead({
    pool: {
      request(request) {
        asked.push(request);
        if (answer instanceof Error) return Promise.reject(answer);
        return Promise.resolve({ status: 200, headers: {}, body: '', ...answer });
      },
      close: () => Promise.resolve(),
    },
  });
  return { homestead, asked, answers: (next: Partial<HttpResponse> | Error) => (answer = next) };
};

const REG_DATA = {
  state: 'UNREGISTERED',
  previousState: 'NOT_REGISTERED',
  imsSubscriptionXml:
    '<IMSSubscription><PrivateID>Unspecified</PrivateID><ServiceProfile><PublicIdentity><Identity>sip:a@x</Identity>' +
    '</PublicIdentity></ServiceProfile></IMSSubscription>',
  chargingAddresses: { ccf: ['a&b', 'c'], ecf: [] },
} as const;

describe('requests', () => {
  it('are those of the API, percent-encoded', async () => {
    const { homestead, asked } = setUp();
    await homestead.authVector('a/b@x', 'sip:a?b@x', { serverName: 'sip:s;t' });
    await homestead.registrationStatus('a@x', 'sip:a@x', {
      visitedNetwork: 'v',
      authType: 'REG',
      emergency: true,
    });
    await homestead.location('tel:+1');
    await homestead.location('tel:+1', { originating: true, authType: 'CAPAB' });
    await homestead.regData('sip:a@x', {
      reqtype: 'reg',
      serverName: 's',
      impi: 'a@x',
      wildcardIdentity: 'w',
    });
    await homestead.regData('sip:a@x', { reqtype: 'call' });
    const lines = asked.map(({ method, path, body }) => [method, path, body].filter(Boolean).join(' '));
    expect(lines).toEqual([
      'GET /impi/a%2Fb%40x/av/digest?impu=sip%3Aa%3Fb%40x&server-name=sip%3As%3Bt',
      'GET /impi/a%40x/registration-status?impu=sip%3Aa%40x&visited-network=v&auth-type=REG&sos=true',
      'GET /impu/tel%3A%2B1/location',
      'GET /impu/tel%3A%2B1/location?originating=true&auth-type=CAPAB',
      'PUT /impu/sip%3Aa%40x/reg-data?private_id=a%40x {"reqtype":"reg","server_name":"s","wildcard_identity":"w"}',
      'PUT /impu/sip%3Aa%40x/reg-data {"reqtype":"call"}',
    ]);
  });
});

describe('answers', () => {
  it('authentication vectors, also of a Homestead that gives MD5 alone', async () => {
    const { homestead, answers } = setUp();
    answers({ body: '{"digest":{"ha1":"h","realm":"r","qop":"auth","ha1_sha256":"s","version":"v"}}' });
    const value = { kind: 'digest', ha1Md5: 'h', realm: 'r', qop: 'auth', version: 'v' };
    expect(await homestead.authVector('a', 'b')).toEqual({ ok: true, value: { ...value, ha1Sha256: 's' } });
    answers({ body: '{"digest":{"ha1":"h","realm":"r"}}' });
    expect(await homestead.authVector('a', 'b')).toEqual({ ok: true, value: { ...value, version: 'h' } });
  });

  it('vectors of both kinds, each scheme at its path', async () => {
    const { homestead, answers, asked } = setUp();
    const aka = { challenge: 'AA==', response: '00', cryptkey: '01', integritykey: '02' };
    answers({ body: JSON.stringify({ aka: { ...aka, version: 2 } }) });
    const value = { kind: 'aka', ...aka, version: 2 };
    const resync = Buffer.alloc(30);
    expect(await homestead.authentication('a', 'b', { scheme: 'akav2', resync })).toEqual({
      ok: true,
      value,
    });
    answers({ body: JSON.stringify({ aka }) });
    expect(await homestead.authentication('a', 'b', { scheme: 'any' })).toMatchObject({
      value: { version: 1 },
    });
    answers({ body: JSON.stringify({ aka: { ...aka, version: 3 } }) });
    expect(await homestead.authentication('a', 'b', { scheme: 'akav1' })).toMatchObject({
      failure: 'unavailable',
    });
    expect(asked.map(({ path }) => path)).toEqual([
      `/impi/a/av/aka2?impu=b&resync-auth=${'A'.repeat(40)}`,
      '/impi/a/av?impu=b',
      '/impi/a/av/aka?impu=b',
    ]);
  });

  it('assignments, with capabilities', async () => {
    const { homestead, answers } = setUp();
    const body =
      '{"result-code":2001,"scscf":"sip:s","mandatory-capabilities":[1],"optional-capabilities":[],"wildcard-identity":"w"}';
    answers({ body });
    const value = {
      resultCode: 2001,
      scscf: 'sip:s',
      mandatoryCapabilities: [1],
      optionalCapabilities: [],
      wildcardIdentity: 'w',
    };
    expect(await homestead.location('a')).toEqual({ ok: true, value });
  });

  it('registration data, the same subscription as the same string', async () => {
    const { homestead, answers } = setUp();
    answers({ body: regDataToXml(REG_DATA) });
    const [first, second] = [
      await homestead.regData('a', { reqtype: 'call' }),
      await homestead.regData('b', { reqtype: 'call' }),
    ];
    expect(first).toEqual({ ok: true, value: REG_DATA });
    expect(
      first.ok && second.ok && Object.is(first.value.imsSubscriptionXml, second.value.imsSubscriptionXml),
    ).toBe(true);
  });

  it.each([
    [400, 'bad-request'],
    [401, 'unavailable'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [500, 'unavailable'],
    [503, 'unavailable'],
    [504, 'timeout'],
    [302, 'unavailable'],
  ])('status %i is %s', async (status, failure) => {
    const { homestead, answers } = setUp();
    answers({ status, body: '{}' });
    expect(await homestead.location('a')).toEqual({ ok: false, failure });
  });

  it('503 of a Homestead that cannot reach the HSS is told apart', async () => {
    const { homestead, answers } = setUp();
    answers({ status: 503, body: '{"detail":{"hss":"unreachable"}}' });
    expect(await homestead.location('a')).toEqual({ ok: false, failure: 'hss-unreachable' });
  });

  it.each<[HttpFaultKind, string]>([
    ['timeout', 'timeout'],
    ['unreachable', 'unavailable'],
    ['unresolved', 'unavailable'],
    ['broken', 'unavailable'],
  ])('%s is %s', async (kind, failure) => {
    const { homestead, answers } = setUp();
    answers(new HttpFault(kind));
    expect(await homestead.authVector('a', 'b')).toEqual({ ok: false, failure });
  });

  it.each(['', '{', '[]', '{"digest":1}', '<html/>', '<ClearwaterRegData/>'])(
    '%s is no answer',
    async (body) => {
      const { homestead, answers } = setUp();
      answers({ body });
      const failure = { ok: false, failure: 'unavailable' };
      expect(await homestead.authVector('a', 'b')).toEqual(failure);
      expect(await homestead.location('a')).toEqual(failure);
      expect(await homestead.regData('a', { reqtype: 'call' })).toEqual(failure);
    },
  );
});
