import { hash } from 'node:crypto';
import {
  challengeHeader,
  digestAlgorithm,
  digestResponse,
  ha1,
  nonceCount,
  parseAuthorization,
  sameDigest,
} from './digest.js';

describe('parseAuthorization', () => {
  const RFC7616 =
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=SHA-256, ' +
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ' +
    'nc=00000001, qop=auth, response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", ' +
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';

  it('reads fields in any order: cnonce before nonce', () =>
    expect(parseAuthorization(RFC7616)).toEqual({
      scheme: 'digest', username: 'Mufasa', realm: 'http-auth@example.org', uri: '/dir/index.html', algorithm: 'SHA-256',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nc: '00000001', qop: 'auth', response: '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
      opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS', auts: undefined, integrityProtected: undefined,
    })); // prettier-ignore

  it('takes escapes, folding, odd spacing, tokens for quotes, quotes for tokens, unknown fields', () => {
    const found = parseAuthorization(
      'DIGEST\r\n USERNAME = "a\\"b\\\\c,d=e" ,qop="auth",,nonce=abc==, uri=sip:x;y, nc="00000001",foo="b, a=r",integrity-protected=ip-assoc-yes,',
    );
    expect(found).toMatchObject({
      scheme: 'digest', username: 'a"b\\c,d=e', qop: 'auth', nonce: 'abc==', uri: 'sip:x;y', nc: '00000001', integrityProtected: 'ip-assoc-yes',
    }); // prettier-ignore
  });

  it('takes empty values: the first REGISTER of an IMS client', () =>
    expect(
      parseAuthorization('Digest username="a@b",realm="b",nonce="",uri="sip:b",response=""'),
    ).toMatchObject({
      nonce: '',
      response: '',
    }));

  it('reads other schemes as far as they look alike', () =>
    expect(parseAuthorization('NoOneKnowsThisScheme opaque-data=here')).toMatchObject({
      scheme: 'nooneknowsthisscheme',
    }));

  it.each([
    '', 'Digest,', '"x" a=b', 'Digest username', 'Digest username="a', 'Digest username="a" realm="b"', 'Digest =x', 'Digest username="a\\"',
    'Digest nonce="a", nonce="b"', 'Digest response="a",RESPONSE="a"', 'Digest a=b c', 'Basic dXNlcjpwYXNz',
    `Digest ${Array.from({ length: 65 }, (_, n) => `x${n}=1`).join()}`,
  ])('refuses %j', (text) => expect(parseAuthorization(text)).toBeUndefined()); // prettier-ignore

  it('accepts a scheme alone', () =>
    expect(parseAuthorization('Digest')).toMatchObject({ scheme: 'digest' }));
});

describe('responses', () => {
  // RFC 7616 §3.9.1.
  const common = {
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v', nc: '00000001', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    qop: 'auth', method: 'GET', uri: '/dir/index.html',
  } as const; // prettier-ignore

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('RFC 7616 §3.9.1, %s', (algorithm, expected) => {
    const secret = ha1(algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life');
    expect(digestResponse({ algorithm, ha1: secret, ...common })).toBe(expected);
  });

  it('RFC 7616 §3.9.2, SHA-512-256, a user beyond ASCII', () => {
    // The value of erratum 4897: the printed one is SHA-512 cut short, which is another function.
    const secret = ha1('SHA-512-256', 'J\u00e4s\u00f8n Doe', 'api@example.org', 'Secret, or not?');
    const nonce = '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK';
    const cnonce = 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v';
    expect(
      digestResponse({ ...common, algorithm: 'SHA-512-256', ha1: secret, nonce, cnonce, uri: '/doe.json' }),
    ).toBe('3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5');
  });

  it('hashes message text as the bytes that came', () => {
    const a2 = hash('md5', 'GET:/\u00e4'); // a string is hashed as UTF-8
    const { nonce, nc, cnonce } = common;
    const wire = Buffer.from('/\u00e4', 'utf8').toString('latin1');
    expect(digestResponse({ ...common, algorithm: 'MD5', ha1: 'x', uri: wire })).toBe(
      hash('md5', `x:${nonce}:${nc}:${cnonce}:auth:${a2}`),
    );
  });

  it('knows auth-int and -sess', () => {
    const input = { algorithm: 'MD5', ha1: 'x', ...common } as const;
    const whole = digestResponse({ ...input, qop: 'auth-int', body: 'v=0' });
    expect(whole).not.toBe(digestResponse({ ...input, qop: 'auth-int', body: 'v=1' }));
    expect(digestResponse({ ...input, qop: 'auth-int' })).toBe(
      digestResponse({ ...input, qop: 'auth-int', body: '' }),
    );
    expect(digestResponse({ ...input, algorithm: 'MD5-sess' })).not.toBe(digestResponse(input));
  });

  it('knows algorithms by name', () => {
    expect(digestAlgorithm(undefined)).toBe('MD5');
    expect(digestAlgorithm('md5')).toBe('MD5');
    expect(digestAlgorithm('sha-256')).toBe('SHA-256');
    expect(digestAlgorithm('SHA-512-256')).toBe('SHA-512-256');
    expect(digestAlgorithm('AKAv1-MD5')).toBeUndefined();
    expect(ha1('SHA-512-256', 'a', 'b', 'c')).toHaveLength(64);
  });
});

it.each([
  ['00000001', 1], ['0000000A', 10], ['0000000a', 10], ['ffffffff', 0xffffffff],
  ['00000000', -1], ['1', -1], ['000000001', -1], ['0000000g', -1], ['', -1], [undefined, -1],
] as const)('nonceCount %j', (text, count) => expect(nonceCount(text)).toBe(count)); // prettier-ignore

it('compares digests whole, letter case aside', () => {
  expect(sameDigest('0123abcd', '0123ABCD')).toBe(true);
  expect(sameDigest('0123abcd', '0123abce')).toBe(false);
  expect(sameDigest('0123abcd', '1123abcd')).toBe(false);
  expect(sameDigest('0123abcd', '0123abc')).toBe(false);
  expect(sameDigest('0123abcd', '\x10123abcd')).toBe(false);
});

it('writes challenges that read back', () => {
  const value = challengeHeader({ realm: 'ims"test', nonce: 'n', opaque: 'o', algorithm: 'MD5', qop: 'auth', stale: true, extra: 'ck="1"' });
  expect(value).toBe('Digest realm="ims\\"test",nonce="n",opaque="o",algorithm=MD5,qop="auth",stale=true,ck="1"');
  expect(parseAuthorization(value)).toMatchObject({ realm: 'ims"test', nonce: 'n', qop: 'auth' });
  expect(challengeHeader({ realm: 'r', nonce: 'n', algorithm: 'SHA-256', qop: 'auth' })).toBe('Digest realm="r",nonce="n",algorithm=SHA-256,qop="auth"');
}); // prettier-ignore
