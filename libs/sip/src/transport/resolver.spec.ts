import fc from 'fast-check';
import { createStaticResolver, RESOLVED_MAX, TARGETS_MAX } from './resolver.js';
import type { Target } from './transport.port.js';

const scscf: Target[] = [
  { transport: 'tcp', address: '127.0.0.1', port: 5054 },
  { transport: 'udp', address: '127.0.0.1', port: 5054 },
];
const resolver = createStaticResolver({ 'scscf.ims.test': scscf });
const text = (uri: string): string =>
  resolver
    .resolve(uri)
    .map(({ transport, address, port }) => `${transport} ${address} ${port}`)
    .join(', ');

describe('resolves IP literals', () => {
  it.each([
    ['sip:10.0.0.5', 'udp 10.0.0.5 5060'],
    ['sip:a@10.0.0.5:4000', 'udp 10.0.0.5 4000'],
    ['sip:a@10.0.0.5;transport=TCP', 'tcp 10.0.0.5 5060'],
    ['sip:a;x=1@10.0.0.5:4000;transport=ws;lr', 'ws 10.0.0.5 4000'],
    ['sip:10.0.0.5;transport=ws', 'ws 10.0.0.5 80'],
    ['sip:10.0.0.5;transport=tls', 'tls 10.0.0.5 5061'],
    ['sips:10.0.0.5', 'tls 10.0.0.5 5061'],
    ['sips:10.0.0.5;transport=tcp', 'tls 10.0.0.5 5061'],
    ['sips:10.0.0.5;transport=ws', 'wss 10.0.0.5 443'],
    ['sip:a@[::1]:5070', 'udp ::1 5070'],
    ['sip:[2001:DB8:0:0:0:0:0:1];transport=tcp', 'tcp 2001:db8::1 5060'],
    ['sip:10.0.0.5;maddr=10.1.1.1;transport=tcp', 'tcp 10.0.0.5 5060'],
    ['sip:a;maddr=10.1.1.1@10.0.0.5;maddr=x.test', 'udp 10.0.0.5 5060'],
    ['sip:a@10.0.0.5?transport=tcp', 'udp 10.0.0.5 5060'],
  ])('%s', (uri, expected) => expect(text(uri)).toBe(expected));
});

describe('resolves names of the table', () => {
  it.each([
    ['sip:scscf.ims.test', 'tcp 127.0.0.1 5054, udp 127.0.0.1 5054'],
    ['sip:SCSCF.IMS.test.', 'tcp 127.0.0.1 5054, udp 127.0.0.1 5054'],
    ['sip:scscf.ims.test;transport=tcp', 'tcp 127.0.0.1 5054'],
    ['sip:scscf.ims.test:5054;transport=tcp;lr;orig', 'tcp 127.0.0.1 5054'],
    ['sip:scscf.ims.test:6000;transport=tcp', 'tcp 127.0.0.1 6000'],
    ['sip:scscf.ims.test:5054', 'udp 127.0.0.1 5054'],
    ['sip:scscf.ims.test;transport=ws', 'ws 127.0.0.1 80'],
    ['sips:scscf.ims.test', 'tls 127.0.0.1 5061'],
    ['sip:scscf.ims.test;maddr=10.1.1.1;transport=tcp', 'tcp 127.0.0.1 5054'],
  ])('%s', (uri, expected) => expect(text(uri)).toBe(expected));

  it('says over TLS whose certificate is to be asked for', () => {
    expect(resolver.resolve('sips:a@SCSCF.ims.test.')).toEqual([
      { transport: 'tls', address: '127.0.0.1', port: 5061, serverName: 'scscf.ims.test' },
    ]);
    expect(resolver.resolve('sips:a@10.0.0.5')).toEqual([
      { transport: 'tls', address: '10.0.0.5', port: 5061 },
    ]);
  });

  it('gives at most TARGETS_MAX', () => {
    const many = Array.from({ length: 9 }, (_, i): Target => ({
      transport: 'udp',
      address: `10.0.0.${i}`,
      port: 5060,
    }));
    expect(createStaticResolver({ big: many }).resolve('sip:big')).toEqual(many.slice(0, TARGETS_MAX));
  });
});

describe('maddr', () => {
  const trusting = createStaticResolver({ 'scscf.ims.test': scscf }, { maddr: true });

  it.each([
    [
      'sip:scscf.ims.test;maddr=10.1.1.1;transport=tcp',
      { transport: 'tcp', address: '10.1.1.1', port: 5060 },
    ],
    ['sip:ims.test:4000;maddr=10.1.1.1', { transport: 'udp', address: '10.1.1.1', port: 4000 }],
    ['sip:10.0.0.5;maddr=', { transport: 'udp', address: '10.0.0.5', port: 5060 }],
  ])('is followed by who asked for it: %s', (uri, target) => expect(trusting.resolve(uri)).toEqual([target]));

  it('leads nobody else away from the host, whatever it names', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9.:[\]]{0,20}$/),
        fc.constantFrom('maddr', 'MADDR'),
        (value, name) => {
          const targets = resolver.resolve(`sip:a@10.0.0.5;${name}=${value};lr`);
          expect(targets.filter(({ address, port }) => address !== '10.0.0.5' || port !== 5060)).toEqual([]);
        },
      ),
    );
  });
});

describe('resolves nothing', () => {
  it.each(['sip:elsewhere.test', 'sip:elsewhere.test;maddr=10.0.0.5', 'tel:+123', 'sip:', 'sip:scscf.ims.test;transport=sctp', 'sips:10.0.0.1;transport=udp',
    'sip:999.1.1.1', 'sip:[::g]', 'sip:[1.2.3.4]', 'urn:service:sos', '', 'sip:a@b@10.0.0.1', 'sip:constructor'])(
    '%s', (uri) => expect(resolver.resolve(uri)).toEqual([])); // prettier-ignore

  it('whatever comes', () => {
    fc.assert(fc.property(fc.string(), (noise) => void resolver.resolve(noise)));
    fc.assert(fc.property(fc.string(), (noise) => void resolver.resolve(`sip:${noise}`)));
  });
});

it('tells apart what shares a cache', () => {
  const fresh = createStaticResolver({ 'scscf.ims.test': scscf });
  expect(fresh.resolve('sip:a@10.0.0.1')).toEqual([{ transport: 'udp', address: '10.0.0.1', port: 5060 }]);
  expect(fresh.resolve('sips:a@10.0.0.1')).toEqual([{ transport: 'tls', address: '10.0.0.1', port: 5061 }]);
  expect(fresh.resolve('sip:b@10.0.0.1')).toBe(fresh.resolve('sip:a@10.0.0.1'));
  for (let i = 0; i < RESOLVED_MAX + 5; i++) fresh.resolve(`sip:10.0.0.1:${i + 1}`);
  expect(fresh.resolve('sip:a@10.0.0.1')).toEqual([{ transport: 'udp', address: '10.0.0.1', port: 5060 }]);
});
