// Which names a certificate has for SIP, and how they are compared: RFC 5922 §7.1, §7.2.
import type { PeerCertificate } from 'node:tls';
import { checkSipIdentity } from './certificate-names.js';

const isOf = (host: string, subjectaltname: string | undefined, CN?: string | string[]): boolean => {
  const named = { subject: { CN }, ...(subjectaltname === undefined ? {} : { subjectaltname }) };
  return checkSipIdentity(host, named as PeerCertificate) === undefined;
};

describe('a certificate', () => {
  it.each([
    ['a DNS name', 'a.test', 'DNS:b.test, DNS:a.test', true],
    ['a DNS name in other letters, and with its last dot', 'A.test.', 'DNS:a.TEST', true],
    ['another name', 'a.test', 'DNS:b.test', false],
    ['a name above it', 'x.a.test', 'DNS:a.test', false],
    ['a wildcard', 'x.a.test', 'DNS:*.a.test', false],
    ['a leading dot', 'x.a.test', 'DNS:.a.test', false],
    ['a sip: URI', 'a.test', 'URI:sip:a.test', true],
    ['a sip: URI with port and parameter', 'a.test', 'URI:SIP:a.test:5061;transport=tls', true],
    ['a sip: URI of a user', 'a.test', 'URI:sip:ann@a.test', false],
    ['a URI of another scheme', 'a.test', 'URI:sips:a.test, URI:https://a.test', false],
    ['a DNS name beside a sip: URI of another', 'a.test', 'DNS:a.test, URI:sip:b.test', false],
    ['a DNS name beside a URI that does not count', 'a.test', 'URI:sip:ann@b.test, DNS:a.test', true],
    ['a value that has another one inside', 'a.test', 'DNS:"b.test, DNS:a.test"', false],
    ['a value with a quote inside', 'a.test', 'URI:"x\\", DNS:a.test", DNS:b.test', false],
    ['an address, for a name', 'a.test', 'IP Address:127.0.0.1', false],
    ['an address', '127.0.0.1', 'IP Address:127.0.0.1', true],
    ['another address', '127.0.0.2', 'IP Address:127.0.0.1', false],
  ])('%s', (_what, host, names, expected) => {
    expect(isOf(host, names)).toBe(expected);
  });

  it('is of its common name only where it has no other names', () => {
    expect(isOf('a.test', undefined, 'a.test')).toBe(true);
    expect(isOf('a.test', undefined, ['b.test', 'A.test'])).toBe(true);
    expect(isOf('a.test', 'DNS:b.test', 'a.test')).toBe(false);
    expect(isOf('a.test', '', 'a.test')).toBe(false);
    expect(isOf('a.test', undefined)).toBe(false);
  });
});
