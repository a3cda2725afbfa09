// Addresses of peers as text.
import { parsePeerAddress } from './peer-uri.js';

it.each([
  ['cdf.ims.test', { host: 'cdf.ims.test', port: 3868 }],
  ['cdf.ims.test:3869', { host: 'cdf.ims.test', port: 3869 }],
  ['aaa://cdf.ims.test;transport=tcp', { host: 'cdf.ims.test', port: 3868 }],
  ['aaas://cdf.ims.test', { host: 'cdf.ims.test', port: 5658, tls: true }],
  ['aaa://[::1]:3870;transport=tcp;protocol=diameter', { host: '::1', port: 3870 }],
  ['aaa://cdf;transport=sctp', undefined],
  ['http://cdf', undefined],
  ['cdf:70000', undefined],
  ['', undefined],
])('%s', (text, expected) => {
  expect(parsePeerAddress(text)).toEqual(expected);
});
