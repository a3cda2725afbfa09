import { withoutAuthParams } from './auth-params.js';

const MARK = new Set(['integrity-protected']);
const without = (value: string): string => withoutAuthParams(value, MARK);

describe('credentials without a parameter', () => {
  it.each([
    'Digest username="a", integrity-protected="yes"',
    'Digest integrity-protected="yes", username="a"',
    'Digest integrity-protected=yes,username="a"',
    'Digest Integrity-Protected = "ip-assoc-yes" , username="a"',
    'Digest\tINTEGRITY-PROTECTED="tls-yes",\tusername="a"',
    '  Digest integrity-protected="yes", username="a", integrity-protected="no"',
  ])('%s lose it, wherever and however often it is', (value) => {
    expect(without(value)).toBe('Digest username="a"');
  });

  it.each([
    'Digest username="integrity-protected=yes", realm="x"',
    'Digest username="a", nonce="x, integrity-protected=yes"',
    'Digest username="a\\", integrity-protected=\\"yes"',
    'Digest x-integrity-protected=yes, username="a"',
    'Digest',
    'integrity-protected',
    '',
  ])('%s are as they came when it is not there, only spoken of', (value) => {
    expect(without(value)).toBe(value);
  });

  it('lose it where an address would still be open', () => {
    const value =
      'Digest username=<a, integrity-protected=ip-assoc-yes, realm=b>, nonce="<", INTEGRITY-protected="x"';
    expect(without(value)).toBe('Digest username=<a, realm=b>, nonce="<"');
  });
});
