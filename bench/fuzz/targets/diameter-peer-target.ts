// The peer machine of Diameter with a peer who does anything: connects, is called, says what it likes when it likes, goes. What must hold:
// nothing throws, all that is sent is a message, requests all end, a connection without a CER is served nothing, and when the
// node has stopped no timer is left. RFC 6733 §5, RFC 3539 §3.4.
import {
  APPLICATIONS, answerHeader, type Body, CER_WAIT_MS, type Connection, type ConnectionEvents, createDiameterNode, createMemoryNetwork, FLAG,
  isRequest, type Message, type Outcome, parseMessage, StreamFramer, writeMessage,
} from '#libs/diameter'; // prettier-ignore
import { createFakeClock, createSeededRandom, type FakeClock } from '#libs/testkit';
import { must, type Target } from '../target.js';

const FAR = { 'Origin-Host': 'far.test', 'Origin-Realm': 'test' } as const;
const CX: Body = { 'Vendor-Id': 10_415, 'Auth-Application-Id': 16_777_216 };
const CAPABILITIES: Body = { ...FAR, 'Host-IP-Address': '10.0.0.1', 'Vendor-Id': 0, 'Product-Name': 'far', 'Vendor-Specific-Application-Id': CX }; // prettier-ignore
const LIR: Body = { 'Session-Id': 'far;1', 'Vendor-Specific-Application-Id': CX, 'Auth-Session-State': 1, ...FAR, 'Destination-Realm': 'test', 'Public-Identity': 'sip:a' }; // prettier-ignore

const written = (command: number, body: Body, applicationId = 0): string =>
  writeMessage({ flags: FLAG.request, command, applicationId, hopByHop: 7, endToEnd: 8 }, body).toString(
    'latin1',
  );
const CER = written(257, CAPABILITIES);
const DWR = written(280, FAR);
const DPR = written(282, { ...FAR, 'Disconnect-Cause': 2 });
const ASKED = written(302, LIR, 16_777_216);

/** Steps of a script: a letter each, then bytes. */
const NEXT = '\n~';
const script = (...steps: readonly string[]): string => steps.join(NEXT);
const MANY = 40;

type End = { connection: Connection | undefined; isOpen: boolean; last: Message | undefined; sent: number };

const createEnd = (): End & { events: ConnectionEvents } => {
  const end: End = { connection: undefined, isOpen: false, last: undefined, sent: 0 };
  const framer = new StreamFramer({
    message: (bytes) => {
      const read = parseMessage(bytes);
      must(read.ok, 'what is sent is a message', bytes.toString('hex'));
      end.sent++;
      if (read.ok && isRequest(read.message)) end.last = read.message;
    },
    failed: (fault) => must(false, 'what is sent can be framed', fault),
  });
  const opened = (): void => void (end.isOpen = true);
  const closed = (): void => void (end.isOpen = false);
  return Object.assign(end, { events: { opened, closed, data: (bytes: Buffer) => framer.push(bytes) } });
};

/** The last request that came is answered rightly, with what follows behind it. */
const answerOf = ({ last }: End, more: string): Buffer => {
  const body: Body = { 'Result-Code': 2001, ...(last?.command === 257 ? CAPABILITIES : FAR) };
  const answer = last ? writeMessage(answerHeader(last), body) : Buffer.alloc(0);
  return Buffer.concat([answer, Buffer.from(more, 'latin1')]);
};

/** Exported for the bug that is planted in it. */
export const peerWorld = async (clock: FakeClock) => {
  const network = createMemoryNetwork(clock);
  const counts = { served: 0, ended: 0, failed: 0 };
  const node = createDiameterNode({
    host: 'us.test',
    realm: 'test',
    applications: [APPLICATIONS.cx],
    peers: [{ host: 'far.test', address: { host: 'far', port: 1 } }],
    transport: network,
    clock,
    random: createSeededRandom(1),
    failed: () => void counts.failed++,
  });
  node.handle('LIR', () => (counts.served++, { 'Result-Code': 2001 }));
  await node.listen({ host: 'us', port: 1 });
  const called = createEnd();
  await network.listen({ host: 'far', port: 1 }, (connection) => {
    const fresh = createEnd();
    fresh.isOpen = true;
    fresh.connection = connection;
    Object.assign(called, fresh);
    return fresh.events;
  });
  return { network, node, counts, called };
};

export const diameterPeerTarget = (make: typeof peerWorld = peerWorld): Target => ({
  name: 'diameter-peer',
  seeds: [
    script('s', 't', 'a', 't', 'q', 't', `d${ASKED}`, 't', `d${DWR}`, 'T', 'a', 'T', `d${DPR}`),
    script('o', `i${CER}`, 't', `i${ASKED}${DWR}`, 't', 'q', 'T', 'A', 'T', 'c'),
    script('s', 'o', 't', `i${CER}`, 't', 'a', 't', 'T', 'T', 'T', 'T', 'a', 't'),
    script('o', `i${ASKED}`, 't', 'o', 'T', 'T', 'i\x01\x00\x00\x08'),
  ],
  tokens: [NEXT, `${NEXT}s`, `${NEXT}t`, `${NEXT}T`, `${NEXT}a`, `${NEXT}A`, `${NEXT}q`, `${NEXT}o`, `${NEXT}c`, `${NEXT}x`, `${NEXT}i${CER}`, `${NEXT}d${DWR}`, `${NEXT}i${DPR}`, `${NEXT}d${CER}`, ASKED, '\x01\x00\x00\x14'], // prettier-ignore
  async run(input) {
    const clock = createFakeClock();
    const { network, node, counts, called } = await make(clock);
    const come = createEnd();
    const asked: Promise<Outcome>[] = [];
    let saidCer = false;
    for (const step of input.split(NEXT).slice(0, MANY)) {
      const bytes = Buffer.from(step.slice(1), 'latin1');
      if (bytes.includes(Buffer.from([0, 1, 1]))) saidCer = true;
      if (step[0] === 's') node.start();
      if (step[0] === 'o') come.connection = network.connect({ host: 'us', port: 1 }, come.events);
      if (step[0] === 'i') come.connection?.send(bytes);
      if (step[0] === 'd') called.connection?.send(bytes);
      if (step[0] === 'A') come.connection?.send(answerOf(come, step.slice(1)));
      if (step[0] === 'a') called.connection?.send(answerOf(called, step.slice(1)));
      if (step[0] === 'a') saidCer = true;
      if (step[0] === 'c') come.connection?.close();
      if (step[0] === 'x') called.connection?.close();
      if (step[0] === 'q') asked.push(node.request('LIR', { 'Public-Identity': 'sip:b' }));
      await clock.advanceAsync(step[0] === 'T' ? 7_000 : 5);
    }
    const [peer] = node.peers();
    const stopped = node.stop();
    await clock.advanceAsync(CER_WAIT_MS + 10_000);
    await stopped;
    for (const outcome of await Promise.all(asked)) if (outcome.kind !== 'not-sent') counts.ended++;
    must(counts.failed === 0, 'no handler and no answer fails', counts);
    must(saidCer || counts.served === 0, 'nothing is served before a CER', counts);
    must(node.peers().every(({ state, waiting }) => state === 'Closed' && waiting === 0), 'all is closed', node.peers());
    must(clock.pending === 0, 'no timer is left', clock.pending);
    return `${peer?.state} ${peer?.watchdog} ${counts.served > 0} ${counts.ended > 0} ${come.sent > 2} ${called.sent > 3}`;
  },
}); // prettier-ignore
