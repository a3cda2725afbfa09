import { isForRegistrar } from './registrar-names.js';

const NAMES = {
  homeDomain: 'ims.test',
  registrarNames: new Set(['ims.test', 'scscf.ims.test', 'edge.test']),
};

it.each([
  ['sip:ims.test', true],
  ['SIP:IMS.test', true],
  ['sips:ims.test', true],
  ['sip:ims.test.', true],
  ['sip:ims.test:5060;transport=tcp', true],
  ['sip:alice@ims.test', true],
  ['sip:scscf.ims.test:5054;transport=tcp', true],
  ['sip:edge.test', true],
  ['sip:10.0.0.1:5060', true],
  ['sip:[2001:db8::10]', true],
  ['sip:other.test', false],
  ['sip:ims.test.other.test', false],
  ['sip:xims.test', false],
  ['sip:a.ims.test', false],
  ['sip:ims.test@other.test', false],
  ['sip:other.test;x=ims.test', false],
  ['sips:s.test', false],
  ['tel:+15550100', false],
  ['urn:service:sos', false],
  ['sip:', false],
])('a REGISTER to %s: ours %s', (uri, expected) => expect(isForRegistrar(uri, NAMES)).toBe(expected));
