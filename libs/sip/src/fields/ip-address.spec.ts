import { isIP } from 'node:net';
import fc from 'fast-check';
import { canonicalIp, formatIp, hostPort, isCanonicalIpv4, parseIp } from './ip-address.js';

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8::0:1', '2001:db8::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['fe80::1%eth0', 'fe80::1'],
  ['[::1]', '::1'],
])('spells %s as %s', (text, expected) => expect(canonicalIp(text)).toBe(expected));

it.each(['', '1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.', ' 1.2.3.4', ':', ':::', '1::2::3', '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8:9', '12345::', 'g::', '[1.2.3.4]', '[::1', '::1.2.3', '1.2.3.4::', ':1::2'])(
  'refuses %s', (text) => expect(canonicalIp(text)).toBeUndefined()); // prettier-ignore

it('takes back what it writes, and agrees with the system on what is an address', () => {
  fc.assert(
    fc.property(fc.constantFrom(4, 16), fc.uint8Array({ minLength: 16, maxLength: 16 }), (length, random) => {
      const bytes = random.map((byte, i) => (random[(i + 3) % 16]! < 128 ? 0 : byte)).subarray(0, length);
      const text = formatIp(bytes);
      expect(isIP(text)).toBe(length === 4 ? 4 : 6);
      expect(parseIp(text)).toEqual(new Uint8Array(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/)), (text) =>
      expect(parseIp(text) !== undefined).toBe(isIP(text) !== 0),
    ),
    { numRuns: 500 },
  );
});

it('knows a plain IPv4 address without taking it apart', () => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.stringMatching(/^[0-9.]{0,16}$/),
    fc.stringMatching(/^(0|1|25|256|0?9)([.](0|00|7|255))*$/),
  );
  fc.assert(
    fc.property(texts, (text) => expect(isCanonicalIpv4(text)).toBe(canonicalIp(text) === text)),
    { numRuns: 1_000 },
  );
  expect(['::1', '1.2.3.4:5', '1.2.3.4 ', 'a.b.c.d'].some(isCanonicalIpv4)).toBe(false);
});

it('spells as the system does', () => {
  // URL writes hosts by the same rules as inet_ntop except for IPv4-mapped addresses.
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const canonical = canonicalIp(text)!;
      fc.pre(!canonical.startsWith('::ffff:'));
      expect(`[${canonical}]`).toBe(new URL(`http://[${text}]`).hostname);
    }),
  );
});

it('puts IPv6 in brackets before a port', () => {
  expect(hostPort('::1', 5060)).toBe('[::1]:5060');
  expect(hostPort('[::1]', 5060)).toBe('[::1]:5060');
  expect(hostPort('a.test', 5060)).toBe('a.test:5060');
});
