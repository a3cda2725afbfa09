// What every transport must do, seen through the port: run against UDP, TCP, TLS, WebSocket, WSS and the memory hub.
// Caller: ../transports.spec.ts.
import { settle } from '#libs/testkit';
import type { Flow } from '../../transport/transport.port.js';
import { hostPort } from '../../fields/ip-address.js';
import type { NodeTransports } from '../transports.options.js';
import { request, type Recorder } from './recorder.js';

/** One node under test and one peer that reaches it. */
export type Pair = {
  node: NodeTransports;
  recorder: Recorder;
  /** What the peer heard, one whole message each. */
  peerHeard: () => Promise<string>;
  peerSend: (message: string) => void;
  /** The port that the node sees the peer at. */
  peerPort: () => number;
  close: () => Promise<void>;
};

export const transportContract = (
  name: string,
  expected: { transport: Flow['transport']; reliable: boolean; address: string },
  open: () => Promise<Pair>,
): void => {
  describe(`${name}, as every transport`, () => {
    let pair: Pair;
    beforeEach(async () => {
      pair = await open();
    });
    afterEach(async () => {
      await pair.close();
    });

    it('delivers a message with the flow that it came on', async () => {
      pair.peerSend(request('one', 'hello'));
      const { raw, flow } = await pair.recorder.next('message');
      expect(raw).toBe(request('one', 'hello'));
      expect(flow).toMatchObject({
        transport: expected.transport,
        reliable: expected.reliable,
        listener: 'edge',
        localAddress: expected.address,
        remoteAddress: expected.address,
        remotePort: pair.peerPort(),
        closed: false,
      });
      expect(flow.localPort).toBe(pair.node.addresses()[0]!.port);
      expect(flow.connectionId > 0).toBe(expected.reliable);
    });

    it('answers on the flow', async () => {
      pair.peerSend(request('two'));
      const { flow } = await pair.recorder.next('message');
      expect(flow.send(request('answer', 'x'.repeat(300)))).toBe(true);
      expect(await pair.peerHeard()).toBe(request('answer', 'x'.repeat(300)));
    });

    it('carries bytes above 127 unchanged both ways', async () => {
      const utf8 = Buffer.from('Grüße 你好', 'utf8').toString('latin1');
      pair.peerSend(request('three', utf8));
      const { raw, flow } = await pair.recorder.next('message');
      expect(raw).toBe(request('three', utf8));
      flow.send(request('four', utf8));
      expect(await pair.peerHeard()).toBe(request('four', utf8));
    });

    it('keeps order, and gives every message of a peer the same flow', async () => {
      const flows = new Set<Flow>();
      for (let i = 0; i < 50; i++) pair.peerSend(request(`n${i}`));
      for (let i = 0; i < 50; i++) {
        const { raw, flow } = await pair.recorder.next('message');
        expect(raw).toBe(request(`n${i}`));
        flows.add(flow);
      }
      expect(flows.size).toBe(1);
    });

    it('finds the flow again by peer and by reference', async () => {
      pair.peerSend(request('five'));
      const { flow } = await pair.recorder.next('message');
      const { transport, remoteAddress, remotePort } = flow;
      expect(pair.node.flowTo({ transport, address: remoteAddress, port: remotePort }, 'edge')).toBe(flow);
      expect(pair.node.flowOf({ ...plain(flow), listener: 0 })).toBe(flow);
      if (!flow.reliable) return;
      expect(pair.node.flowOf({ ...plain(flow), listener: 0, connectionId: 0 })).toBeUndefined();
      expect(pair.node.flowOf({ ...plain(flow), listener: 0, remotePort: 9 })).toBeUndefined();
    });

    it('knows the sent-by of its flows', async () => {
      pair.peerSend(request('six'));
      const { flow } = await pair.recorder.next('message');
      expect(pair.node.sentBy(flow)).toBe(hostPort(expected.address, pair.node.addresses()[0]!.port));
    });

    it('has no flow for another listener, transport or family', () => {
      const { transport } = expected;
      const other = transport === 'tls' ? 'wss' : 'tls';
      expect(pair.node.flowTo({ transport, address: expected.address, port: 9 }, 'nobody')).toBeUndefined();
      expect(
        pair.node.flowTo({ transport: other, address: expected.address, port: 9 }, 'edge'),
      ).toBeUndefined();
      const otherFamily = expected.address.includes(':') ? '127.0.0.1' : '::1';
      expect(pair.node.flowTo({ transport, address: otherFamily, port: 9 }, 'edge')).toBeUndefined();
    });

    it('survives a receiver that throws', async () => {
      pair.node.setReceiver({
        message: () => {
          throw new Error('defect');
        },
        flowClosed: () => {},
        sendFailed: () => {},
      });
      pair.peerSend(request('seven'));
      while (pair.node.counters()[0]!.counters.receiverFaults === 0) await settle();
      pair.node.setReceiver(pair.recorder);
      pair.peerSend(request('eight'));
      expect((await pair.recorder.next('message')).raw).toBe(request('eight'));
    });
  });
};

const plain = ({ transport, localAddress, localPort, remoteAddress, remotePort, connectionId }: Flow) => ({
  transport,
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
  connectionId,
});
