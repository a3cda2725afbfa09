// Whose failures are counted over HTTP: whom a trusted proxy saw, never whom the client names; one line, whatever address of it.
import { clientAddressBy, lineOf } from './client-address.js';

it('is whom a trusted proxy names last, and else who connected', () => {
  const addressOf = clientAddressBy((address) => address === '10.0.0.1');
  expect(addressOf('10.0.0.1', '198.51.100.7, 192.0.2.9')).toBe('192.0.2.9');
  expect(addressOf('203.0.113.5', '192.0.2.9')).toBe('203.0.113.5');
  for (const nothing of [undefined, '', 'unknown', '192.0.2.9, x'])
    expect(addressOf('10.0.0.1', nothing)).toBe('10.0.0.1');
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:aaaa::1', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:2::ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
])('the line of %j is %j', (address, line) => expect(lineOf(address)).toBe(line));
