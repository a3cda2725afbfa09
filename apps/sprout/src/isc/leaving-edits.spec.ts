import { Edits } from '#libs/sip';
import { ALICE, chainBy, requestOf, rulesOf } from './chain.fixture.js';
import { chargingAddresses, odiRoute, servedUserValue, serverRoute } from './leaving-edits.js';

const OWN = new Set(['scscf.ims.test:5054', '10.1.0.1:5054']);

describe('the Route to an application server', () => {
  it.each([
    ['sip:10.0.0.9:5080', 'sip:10.0.0.9:5080;lr'],
    ['sip:as.test;transport=tcp', 'sip:as.test;transport=tcp;lr'],
    ['sip:as.test;lr;transport=tcp', 'sip:as.test;lr;transport=tcp'],
    ['sip:as.test?Subject=x', 'sip:as.test;lr'],
    ['tel:+15551234', undefined],
    ['no uri', undefined],
    ['', undefined],
    ['sip:scscf.ims.test:5054;transport=tcp', undefined],
    ['sip:SCSCF.ims.test:5054', undefined],
  ])('%s is %s', (server, route) => expect(serverRoute(server, OWN)).toBe(route));

  it('leads back by the token, on the transport of the server', () => {
    const chain = chainBy(rulesOf([]));
    expect(odiRoute('10.1.0.1:5054', 'abc', 'sip:as.test;transport=tcp;lr', chain)).toBe(
      '<sip:odi_abc@10.1.0.1:5054;transport=tcp;lr;service=scscf;orig>',
    );
    expect(odiRoute('10.1.0.1:5054', 'abc', 'sip:as.test;lr', { ...chain, role: 'terminating' })).toBe(
      '<sip:odi_abc@10.1.0.1:5054;lr;service=scscf>',
    );
  });
});

describe('P-Served-User', () => {
  it.each([
    ['originating', 'orig-reg', true, '<sip:alice@ims.test>;sescase=orig;regstate=reg'],
    ['originating', 'orig-unreg', false, '<sip:alice@ims.test>;sescase=orig;regstate=unreg'],
    ['terminating', 'term-reg', true, '<sip:alice@ims.test>;sescase=term;regstate=reg'],
    ['terminating', 'term-unreg', false, '<sip:alice@ims.test>;sescase=term;regstate=unreg'],
    ['originating', 'orig-cdiv', true, '<sip:alice@ims.test>;orig-cdiv'],
  ] as const)('of %s %s (registered: %s) is %s', (role, sessionCase, registered, value) =>
    expect(servedUserValue({ role, sessionCase, served: { ...ALICE, registered } })).toBe(value),
  );
});

it('addresses of charging functions are added where there are none', () => {
  const chain = { ...chainBy(rulesOf([])), served: { ...ALICE, ccf: ['a', 'b'], ecf: ['c'] } };
  const said = requestOf('INVITE', ['P-Charging-Function-Addresses: ccf=x']);
  for (const [request, expected] of [
    [requestOf('INVITE'), 'P-Charging-Function-Addresses: ccf=a;ccf=b;ecf=c\r\n'],
    [said, 'P-Charging-Function-Addresses: ccf=x\r\n'],
  ] as const) {
    const edits = new Edits(request);
    chargingAddresses(request, edits, chain);
    expect(edits.render()).toContain(expected);
  }
});
