import { createServer, type AddressInfo, type Socket } from 'node:net';
import { settle } from '#libs/testkit';
import { closing, start } from './contract/fixture.js';
import { request } from './contract/recorder.js';
import { SILENCE_LOOK_MS, SILENT_LOOKS_MAX } from '../transport/silence-watch.js';

const PING = '\r\n\r\n';
const SILENT_LOOKS = SILENT_LOOKS_MAX + 1;

/** A server that answers keep-alives while it is `well`, and nothing else. */
const serve = async (answersPings = true) => {
  const state = { isWell: true, heard: '' };
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      state.heard += text;
      const isPing = text === PING || text.endsWith(PING + PING);
      if (state.isWell && answersPings && isPing) socket.write('\r\n');
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { target: { transport: 'tcp', address: '127.0.0.1', port } as const, state, sockets };
};

const until = async (holds: () => boolean): Promise<void> => {
  for (let n = 0; n < 200 && !holds(); n++) await settle();
  expect(holds()).toBe(true);
};

const world = async (options: Readonly<{ answersPings?: boolean; findsSilent?: boolean }> = {}) => {
  const edge = await start({ transport: 'tcp', findsSilent: options.findsSilent ?? true });
  const peer = await serve(options.answersPings);
  const flow = edge.node.flowTo(peer.target, 'edge')!;
  flow.send(request('first'));
  await until(() => peer.state.heard.includes('first'));
  await settle();
  await settle();
  const looks = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      edge.clock.advance(SILENCE_LOOK_MS);
      await settle();
      await settle();
    }
  };
  return { edge, peer, flow, looks };
};

describe('a connection whose other end has fallen silent', () => {
  it('is given up, so that what waits on it can go another way', async () => {
    const { edge, peer, flow, looks } = await world();
    peer.state.isWell = false;
    flow.send(request('second'));
    await looks(SILENT_LOOKS - 1);
    expect(flow.closed).toBe(false);
    await looks(1);
    expect(flow.closed).toBe(true);
    expect((await edge.recorder.next('closed')).flow).toBe(flow);
    expect(peer.state.heard.endsWith(PING)).toBe(true);
  });

  it('is not given up where keep-alives are answered, however long the answer to a request takes', async () => {
    const { peer, flow, looks } = await world();
    flow.send(request('second'));
    await looks(5 * SILENT_LOOKS);
    expect(flow.closed).toBe(false);
    expect(peer.state.heard).toContain('second');
  });

  it('is not given up where nothing was sent', async () => {
    const { peer, flow, looks } = await world();
    peer.sockets[0]!.write(request('answer'), 'latin1');
    await settle();
    await looks(2);
    peer.state.isWell = false;
    await looks(5 * SILENT_LOOKS);
    expect(flow.closed).toBe(false);
  });

  it('is not given up where the peer never answered a keep-alive', async () => {
    const { flow, looks } = await world({ answersPings: false });
    flow.send(request('second'));
    await looks(5 * SILENT_LOOKS);
    expect(flow.closed).toBe(false);
  });

  it('is not looked for where nobody asks for it', async () => {
    const { peer, flow, looks } = await world({ findsSilent: false });
    peer.state.isWell = false;
    flow.send(request('second'));
    await looks(5 * SILENT_LOOKS);
    expect(flow.closed).toBe(false);
    expect(peer.state.heard).toBe(request('first') + request('second'));
  });
});
