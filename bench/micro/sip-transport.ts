// CPU time of the transports: what one message received and one sent back cost on UDP and TCP, on one core.
// The node and its load generator are two processes; the figure is the node's own user and system time.
// Prints JSON lines. Run: npx tsc -b libs/sip libs/runtime bench && npx node dist/bench/micro/sip-transport.js
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { systemClock } from '#libs/runtime';
import { createTransports, MemoryHub, type Flow, type TransportReceiver } from '#libs/sip';

const MESSAGE = [
  'OPTIONS sip:bob@ims.test SIP/2.0',
  'Via: SIP/2.0/UDP 10.0.0.1:16060;rport;branch=z9hG4bK-776asdhds-1-0',
  'Max-Forwards: 70',
  'From: "Alice" <sip:alice@ims.test>;tag=1928301774',
  'To: <sip:bob@ims.test>',
  'Call-ID: a84b4c76e66710@10.0.0.1',
  'CSeq: 314159 OPTIONS',
  'Contact: <sip:alice@10.0.0.1:16060>',
  'Supported: path, gruu, outbound',
  'User-Agent: bench/1.0',
  'Content-Length: 0',
  '',
  '',
].join('\r\n');
const BYTES = Buffer.from(MESSAGE, 'latin1');
const MESSAGES = 300_000;
const RUNS = 5;
/** Messages on their way at a time, as a loaded edge sees them. */
const WINDOW = 32;

/** `floor`: node:dgram alone, one send for one datagram, in the same run on the same machine. */
type Case = 'floor' | 'udp' | 'tcp' | 'memory';
const log = { debug: () => {}, warn: () => {}, error: () => {} };

/** Echoes every message; says how much CPU it used when asked. */
const node = async (transport: 'udp' | 'tcp'): Promise<void> => {
  const receiver: TransportReceiver = {
    message: (raw: string, flow: Flow) => void flow.send(raw),
    flowClosed: () => {},
    sendFailed: () => {},
  };
  const listeners = [{ name: 'edge', transport, address: '127.0.0.1', port: 0 }];
  const transports = createTransports({ receiver, listeners, clock: systemClock, log });
  await transports.listen();
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
  process.send?.({ port: transports.addresses()[0]!.port });
};

/** What any UDP server in Node pays. */
const floor = async (): Promise<void> => {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
  socket.on('message', (datagram, { port, address }) => {
    socket.send(Buffer.from(datagram.toString('latin1'), 'latin1'), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
  process.send?.({ port: socket.address().port });
};

const loadUdp = async (port: number, count: number): Promise<void> => {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
  let sent = 0;
  let received = 0;
  await new Promise<void>((resolve) => {
    const send = (): void => {
      sent += 1;
      socket.send(BYTES, port, '127.0.0.1');
    };
    socket.on('message', () => {
      received += 1;
      if (sent < count) send();
      else if (received === count) resolve();
    });
    for (let i = 0; i < WINDOW; i++) send();
  });
  socket.close();
};

const loadTcp = async (port: number, count: number): Promise<void> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let bytesLeft = count * BYTES.length;
  let sent = 0;
  let owed = 0;
  const send = (messages: number): void => {
    sent += messages;
    socket.write(Buffer.concat(Array<Buffer>(messages).fill(BYTES)));
  };
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      bytesLeft -= chunk.length;
      owed += chunk.length;
      const messages = Math.min(Math.floor(owed / BYTES.length), count - sent);
      owed -= messages * BYTES.length;
      if (messages > 0) send(messages);
      if (bytesLeft === 0) resolve();
    });
    send(WINDOW);
  });
  socket.destroy();
};

const cpuMicros = (before: NodeJS.CpuUsage, after: NodeJS.CpuUsage): number =>
  after.user + after.system - before.user - before.system;

const overSockets = async (transport: Exclude<Case, 'memory'>): Promise<number[]> => {
  const child = fork(process.argv[1]!, [transport]);
  const next = (): Promise<{ port: number; cpu: NodeJS.CpuUsage }> =>
    new Promise((resolve) =>
      child.once('message', (answer) => resolve(answer as { port: number; cpu: NodeJS.CpuUsage })),
    );
  const ask = (): Promise<{ cpu: NodeJS.CpuUsage }> => {
    const answer = next();
    child.send({});
    return answer;
  };
  const { port } = await next();
  const load = transport === 'tcp' ? loadTcp : loadUdp;
  await load(port, MESSAGES / 10);
  const figures: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const before = await ask();
    await load(port, MESSAGES);
    figures.push(cpuMicros(before.cpu, (await ask()).cpu) / MESSAGES);
  }
  child.kill();
  return figures;
};

/** Two nodes in this process; a message there and one back. */
const overMemory = async (): Promise<number[]> => {
  const hub = new MemoryHub();
  const echo: TransportReceiver = {
    message: (raw, flow) => void flow.send(raw),
    flowClosed: () => {},
    sendFailed: () => {},
  };
  const make = (name: string, receiver: TransportReceiver) =>
    createTransports({
      receiver,
      listeners: [{ name, transport: 'tcp', address: '127.0.0.1', port: 0, memoryOnly: true }],
      clock: systemClock,
      log,
      hub,
    });
  const core = make('core', echo);
  await core.listen();
  const edge = make('edge', echo);
  await edge.listen();
  const { address, port } = core.addresses()[0]!;
  const round = (count: number): Promise<void> =>
    new Promise((resolve) => {
      let left = count;
      edge.setReceiver({ ...echo, message: (raw, flow) => (--left > 0 ? void flow.send(raw) : resolve()) });
      const flow = edge.flowTo({ transport: 'tcp', address, port }, 'edge')!;
      for (let i = 0; i < WINDOW; i++) flow.send(MESSAGE);
    });
  await round(MESSAGES);
  const figures: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage();
    await round(MESSAGES);
    figures.push(cpuMicros(before, process.cpuUsage()) / MESSAGES);
  }
  await edge.close();
  await core.close();
  return figures;
};

const median = (figures: readonly number[]): number =>
  [...figures].sort((a, b) => a - b)[figures.length >> 1]!;

const CASES: readonly [Case, number][] = [['floor', 8], ['udp', 8], ['tcp', 8], ['memory', 2]]; // prettier-ignore

const main = async (): Promise<void> => {
  for (const [name, limitMicros] of CASES) {
    const figures = name === 'memory' ? await overMemory() : await overSockets(name);
    const rounded = figures.map((figure) => Math.round(figure * 100) / 100);
    const what = { bench: 'sip-transport', case: `${name}, received + sent`, messageBytes: BYTES.length };
    process.stdout.write(
      `${JSON.stringify({ ...what, cpuMicros: median(rounded), runs: rounded, limitMicros })}\n`,
    );
  }
};

const role = process.argv[2];
if (role === 'floor') await floor();
else if (role === 'udp' || role === 'tcp') await node(role);
else await main();
