import { createPeerCheck } from '#libs/runtime';
import { coreCheck } from './core-hosts.js';

const isCoreWith = (router: string) =>
  coreCheck({ homeDomain: 'ims.test', router, icscfPort: 5052, scscfPort: 5054, peers: createPeerCheck(['10.1.0.0/24', '2001:db8::/64']) }); // prettier-ignore

it.each([
  ['sip:scscf.ims.test:5054;transport=tcp;lr', true, true],
  ['sip:x@ICSCF.ims.test:5052;lr', true, true],
  // One router, one address.
  ['sip:10.1.0.1:5054;transport=tcp;lr', true, true],
  ['sip:10.1.0.2:5054;transport=tcp;lr', false, true],
  ['sip:[2001:db8::2]:5054;lr', false, true],
  // Not in the trusted zone, not a port of the router's, no address.
  ['sip:10.2.0.1:5054;lr', false, false],
  ['sip:[2001:db8:1::2]:5054;lr', false, false],
  ['sip:10.1.0.2:5058;lr', false, false],
  ['sip:10.1.0.2:15054;lr', false, false],
  ['sip:10.1.0.2;lr', false, false],
  ['sip:as.ims.test:5054;lr', false, false],
  ['sip:10.1.0.2:5054@evil.test:5060;lr', false, false],
  ['tel:+15054', false, false],
  ['', false, false],
])('%s: with an address %s, with a name %s', (uri, byAddress, byName) => {
  expect([isCoreWith('10.1.0.1')(uri), isCoreWith('routers.ims.test')(uri)]).toEqual([byAddress, byName]);
});
