import { settle } from '#libs/testkit';
import type { Flow } from '../transport/transport.port.js';
import { LINGERING_MAX } from './connections.js';
import { dial, start } from './contract/fixture.js';
import { countsOf } from './contract/node.js';
import { request } from './contract/recorder.js';
import { ended, type TcpPhone } from './contract/tcp-phone.js';
import { LINGER_MS } from './tcp-connection.js';

describe('a TCP connection on which nothing more can be read', () => {
  const answer = (callId: string, status = '200 OK', body = ''): string =>
    `SIP/2.0 ${status}\r\nCall-ID: ${callId}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const noLength = (callId: string): string => request(callId).replace(/Content-Length.*\r\n/, '');

  it('still sends a peer that ended its side the answers that are to come, then closes', async () => {
    const edge = await start({ transport: 'tcp' }, { limits: { sendBufferBytesMax: 20_000_000 } });
    const { socket, bytes } = await dial(edge.port);
    const gone = ended(socket);
    socket.pause();
    socket.end(request('a') + request('b'));
    const { flow } = await edge.recorder.next('closed');
    expect([flow.closed, flow.send(request('new'))]).toEqual([true, false]);
    edge.clock.advance(LINGER_MS - 1);
    // More than the kernel keeps.
    const answers = ['100 Trying', '180 Ringing', '200 OK'].map((status) => answer('a', status)).join('');
    const large = answer('b', '200 OK', 'x'.repeat(6_000_000));
    expect([flow.send(answers.slice(0, answers.indexOf('SIP/2.0 200'))), flow.send(answer('a'))]).toEqual([
      true,
      true,
    ]);
    expect(flow.send(large)).toBe(true);
    expect(flow.send(answer('b'))).toBe(false);
    socket.resume();
    await gone;
    expect(bytes()).toBe(answers + large);
    expect(edge.recorder.count('closed')).toBe(0);
  });

  it('still sends the answers to what came before the input that lost its framing', async () => {
    const edge = await start({ transport: 'tcp' });
    const { socket, bytes, next } = await dial(edge.port);
    const gone = ended(socket);
    socket.write(request('a') + noLength('bad'));
    const { flow } = await edge.recorder.next('closed');
    expect(await next()).toMatch(/^SIP\/2\.0 400 /);
    socket.write(request('ignored'));
    await settle();
    flow.send(answer('a'));
    await gone;
    expect(bytes().endsWith(answer('a'))).toBe(true);
    expect(edge.recorder.count('message')).toBe(1);
  });

  it('is closed when no answer came in time, and found by nobody meanwhile', async () => {
    const edge = await start({ transport: 'tcp' });
    const { socket, bytes } = await dial(edge.port);
    const gone = ended(socket);
    socket.end(request('a'));
    const { flow } = await edge.recorder.next('closed');
    const reference = { ...flow, transport: 'tcp', connectionId: flow.connectionId, listener: 0 } as const;
    expect(edge.node.flowOf(reference)).toBeUndefined();
    edge.clock.advance(LINGER_MS);
    await gone;
    expect([bytes(), flow.send(answer('a'))]).toEqual(['', false]);
    expect(edge.clock.pending).toBe(0);
  });

  it.each(['before', 'after', 'around'])(
    'waits for what is owed beside an INVITE with several 2xx %s that',
    async (when) => {
      const edge = await start({ transport: 'tcp' });
      const { socket, bytes } = await dial(edge.port);
      const gone = ended(socket);
      const accepted = (branch: string, tag: string): string =>
        `SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a.invalid;branch=z9hG4bK${branch};rport\r\nTo: <sip:b@x>;tag=${tag}\r\n` +
        `Call-ID: ${branch}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`;
      // The second is sent again, as its callee does until it hears the ACK.
      const answers = [accepted('i', 'x'), accepted('i', 'y'), accepted('i', 'y')];
      const early = answers.splice(0, { before: 3, after: 0, around: 1 }[when]);
      socket.write(
        ['i', 'j', 'm']
          .map((id) => request(id).replaceAll('OPTIONS', id === 'm' ? 'MESSAGE' : 'INVITE'))
          .join(''),
      );
      const { flow } = await edge.recorder.next('message');
      for (const one of early) flow.send(one);
      socket.end();
      await edge.recorder.next('closed');
      for (const one of [...answers, accepted('j', 'z')]) expect(flow.send(one)).toBe(true);
      expect(flow.send(answer('m'))).toBe(true);
      expect(flow.send(answer('m'))).toBe(false);
      await gone;
      expect(bytes()).toBe([...early, ...answers, accepted('j', 'z'), answer('m')].join(''));
    },
  );

  it('is closed at once when nothing is owed, and when the node closes', async () => {
    const edge = await start(
      { transport: 'tcp' },
      { onMessage: (_raw, flow) => void flow.send(answer('a')) },
    );
    const done = await dial(edge.port);
    const gone = ended(done.socket);
    done.socket.end(request('a'));
    await gone;
    expect(done.bytes()).toBe(answer('a'));
    const silent = await start({ transport: 'tcp' });
    const waiting = await dial(silent.port);
    const cut = ended(waiting.socket);
    waiting.socket.end(request('a'));
    await silent.recorder.next('closed');
    await silent.node.close();
    await cut;
    expect(silent.clock.pending).toBe(0);
  });

  it('keeps nobody out, is bounded on its own, and is reset by the peer without harm', async () => {
    const edge = await start({ transport: 'tcp' }, { limits: { connectionsMax: 1 } });
    const left: TcpPhone[] = [];
    const flows: Flow[] = [];
    for (let n = 0; n <= LINGERING_MAX; n++) {
      left.push(await dial(edge.port));
      left[n]!.socket.end(request('a'));
      flows.push((await edge.recorder.next('closed')).flow);
    }
    await ended(left[LINGERING_MAX]!.socket);
    expect(countsOf(edge).connectionsRefused).toBe(0);
    const others = left.slice(0, LINGERING_MAX);
    expect(others.filter(({ socket }) => socket.closed)).toEqual([]);
    for (const { socket } of others) socket.resetAndDestroy();
    for (const flow of flows) flow.send(answer('a'));
    while (edge.clock.pending > 0) await settle();
    expect(edge.recorder.count('closed')).toBe(0);
  });
});
