import { createSocket, type Socket } from 'node:dgram';
import { createSeededRandom, settle } from '#libs/testkit';
import { bindingRequest } from '../transport/stun.js';
import { countsOf, startNode, type TestNode } from './contract/node.js';
import { inbox, request } from './contract/recorder.js';
import { UDP_PAYLOAD_BYTES_MAX, UdpListener } from './udp.js';

describe('UDP', () => {
  let edge: TestNode;
  let allowed = true;
  let phone: Socket;
  let heard: ReturnType<typeof inbox>;
  const send = (bytes: string | Buffer): void => phone.send(bytes, edge.port, '127.0.0.1');

  beforeEach(async () => {
    allowed = true;
    const random = createSeededRandom('udp');
    edge = await startNode({ transport: 'udp', allowPeer: () => allowed }, { random });
    phone = createSocket('udp4');
    heard = inbox();
    phone.on('message', (datagram) => heard.push(datagram.toString('latin1')));
    await new Promise<void>((resolve) => phone.bind(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    phone.close();
    await edge.node.close();
  });

  it('answers a STUN keep-alive on the SIP port with the address that it sees', async () => {
    send(bindingRequest(Buffer.alloc(12, 5), true));
    const answer = Buffer.from(await heard.next(), 'latin1');
    expect(answer.readUInt16BE(0)).toBe(0x0101);
    expect(answer.readUInt16BE(26) ^ 0x2112).toBe(phone.address().port);
    expect(countsOf(edge).keepAlives).toBe(1);
  });

  it('takes CRLFs for a keep-alive without an answer, and passes over those before a message', async () => {
    send('\r\n\r\n');
    send('\r\n');
    send(`\r\n${request('a')}`);
    expect((await edge.recorder.next('message')).raw).toBe(request('a'));
    expect(countsOf(edge)).toMatchObject({ keepAlives: 2, received: 1, dropped: 0 });
  });

  it('drops what is empty, binary, or from a peer that is not allowed', async () => {
    allowed = false;
    send(request('x'));
    while (countsOf(edge).dropped === 0) await settle();
    allowed = true;
    for (const bytes of ['', '\0', '\0\0\0\0', Buffer.from('0001000021', 'hex')]) send(bytes);
    send(request('last'));
    expect((await edge.recorder.next('message')).raw).toBe(request('last'));
    expect(countsOf(edge)).toMatchObject({ received: 1, dropped: 5 });
  });

  it("measures how long what comes waits until it is read, by a datagram that is nobody else's", async () => {
    const { node, clock } = edge;
    const heard = async (name: string) =>
      expect((await edge.recorder.next('message')).raw).toBe(request(name));
    expect(node.waitMs()).toBe(0);
    clock.advance(70);
    send(request('behind the probe'));
    await heard('behind the probe');
    expect(node.waitMs()).toBe(70);
    send(Buffer.alloc(21, 5)); // somebody else's
    send(request('last'));
    await heard('last');
    expect(node.waitMs()).toBe(0);
    expect(countsOf(edge)).toMatchObject({ received: 2, dropped: 1 });
  });

  it('measures also where its own address is not among the peers allowed', async () => {
    allowed = false;
    edge.node.waitMs();
    edge.clock.advance(70);
    send(request('x'));
    while (countsOf(edge).dropped === 0) await settle();
    expect(edge.node.waitMs()).toBe(70);
    expect(countsOf(edge).dropped).toBe(1);
  });

  it('says what cannot be sent', async () => {
    send(request('a'));
    const { flow } = await edge.recorder.next('message');
    expect(flow.send('x'.repeat(UDP_PAYLOAD_BYTES_MAX + 1))).toBe(false);
    expect(flow.send('x'.repeat(60_000))).toBe(true);
    expect((await heard.next()).length).toBe(60_000);
    flow.close();
    expect(flow.closed).toBe(false);
    // No route to the reserved class E from a socket that is bound to loopback.
    const nowhere = edge.node.flowTo({ transport: 'udp', address: '240.0.0.1', port: 5060 }, 'edge')!;
    nowhere.send(request('b'));
    expect((await edge.recorder.next('failed')).target).toBe(nowhere);
  });

  it('sends nothing to port 0, and loses only what the system refuses to take', async () => {
    send(request('a'));
    const { flow } = await edge.recorder.next('message');
    const { node } = edge;
    expect(node.flowTo({ transport: 'udp', address: '127.0.0.1', port: 0 }, 'edge')!.send(request('b'))).toBe(
      false,
    );
    // Node throws for such a port, where a network would only tell of an error.
    expect(
      node.flowTo({ transport: 'udp', address: '127.0.0.1', port: 70_000 }, 'edge')!.send(request('c')),
    ).toBe(true);
    expect(flow.send(request('d'))).toBe(true);
    expect(await heard.next()).toBe(request('d'));
  });

  it('sends nothing once closed', async () => {
    send(request('a'));
    const { flow } = await edge.recorder.next('message');
    await edge.node.close();
    expect(flow.send(request('b'))).toBe(false);
  });
});

it('keeps flow objects up to a bound, the ones in use among them', async () => {
  const { node } = await startNode({ transport: 'udp' });
  const context = {
    name: 'x',
    transport: 'udp',
    address: '127.0.0.1',
  } as unknown as ConstructorParameters<typeof UdpListener>[0];
  const listener = new UdpListener(context, 100);
  const used = listener.flowTo('10.0.0.1', 5060);
  for (let i = 0; i < 1_000; i++) {
    listener.flowTo('10.0.0.2', i);
    expect(listener.flowTo('10.0.0.1', 5060)).toBe(used);
    expect(listener.cachedFlows).toBeLessThanOrEqual(100);
  }
  expect(listener.flowTo('10.0.0.2', 1)).toMatchObject({ remoteAddress: '10.0.0.2', remotePort: 1 });
  await node.close();
  await settle();
});
