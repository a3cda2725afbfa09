// Where the edge listens: places that flow tokens go by stay what they are, and each family has its own address.
import { createPeerCheck, HeldIdentity } from '#libs/runtime';
import { type ListenerAddress, makeCertificate } from '#libs/sip';
import { BonoConfig } from './bono.config.js';
import { listenersOf, trunkSides } from './listeners.js';

const pair = await makeCertificate(['edge.test'], performance.timeOrigin);
const tls = { identity: new HeldIdentity(pair), asksClients: true };
const listening = (config: Partial<BonoConfig>, publicHost = '') => ({
  process: { bindAddress: '192.0.2.1', publicHost },
  config: Object.assign(new BonoConfig(), config),
  peers: createPeerCheck([]),
});
const placesOf = (options: Parameters<typeof listenersOf>[0]): readonly string[] =>
  listenersOf(options).map(({ name, transport, address }) => `${name} ${transport} ${address}`);

it('keeps the places of datagrams, whatever is added', () => {
  const plain = placesOf(listening({}));
  expect(plain).toEqual([
    'untrusted udp 192.0.2.1',
    'untrusted tcp 192.0.2.1',
    'untrusted ws 192.0.2.1',
    'trusted tcp 192.0.2.1',
    'trusted udp 192.0.2.1',
  ]);
  const second = placesOf(listening({ bonoSecondAddress: '2001:db8::1' }));
  expect(second.slice(0, plain.length)).toEqual(plain);
  expect(second.slice(plain.length)).toEqual([
    'untrusted udp 2001:db8::1',
    'untrusted tcp 2001:db8::1',
    'untrusted ws 2001:db8::1',
  ]);
  const secure = placesOf({ ...listening({ bonoSecondAddress: '2001:db8::1' }), tls });
  expect(secure.slice(0, second.length)).toEqual(second);
  expect(secure.slice(second.length)).toEqual([
    'untrusted tls 192.0.2.1',
    'untrusted wss 192.0.2.1',
    'untrusted tls 2001:db8::1',
    'untrusted wss 2001:db8::1',
  ]);
});

it('says a public name for both families, and a public address for its own', () => {
  const saidBy = (publicHost: string) =>
    listenersOf(listening({ bonoSecondAddress: '2001:db8::1' }, publicHost))
      .filter(({ name, transport }) => name === 'untrusted' && transport === 'udp')
      .map(({ sentBy }) => sentBy);
  expect(saidBy('edge.test')).toEqual(['edge.test:5060', 'edge.test:5060']);
  expect(saidBy('198.51.100.1')).toEqual(['198.51.100.1:5060', '[2001:db8::1]:5060']);
});

it('asks phones for certificates over TLS where it is told to, and never a page', () => {
  const asked = listenersOf({ ...listening({}), tls }).flatMap((one) =>
    one.tls === undefined ? [] : [[one.transport, one.tls.asksClients]],
  );
  expect(asked).toEqual([
    ['tls', true],
    ['wss', false],
  ]);
});

it.each(['192.0.2.2', 'edge.test', '[::1]:5060'])('does not start with %s as second address', (address) => {
  expect(() => listenersOf(listening({ bonoSecondAddress: address }))).toThrow('BONO_SECOND_ADDRESS');
});

it('faces a peer by its transport and its family', () => {
  const address = (transport: string, at: string, sentBy: string): ListenerAddress =>
    ({ name: 'untrusted', transport, address: at, port: 5060, sentBy }) as ListenerAddress;
  const side = trunkSides([
    address('udp', '192.0.2.1', '192.0.2.1:5060'),
    address('udp', '2001:db8::1', '[2001:db8::1]:5060'),
    address('tls', '192.0.2.1', 'edge.test:5061'),
  ]);
  expect(side('sip:198.51.100.1')).toBe('192.0.2.1:5060;transport=udp');
  expect(side('sip:[2001:db8::9]')).toBe('[2001:db8::1]:5060;transport=udp');
  expect(side('sip:sbc.test;transport=tls')).toBe('edge.test:5061;transport=tls');
  expect(side('sips:sbc.test')).toBe('edge.test:5061;transport=tls');
});
