// What the SIP engine costs a message: parse, match, transactions, timers, proxy context, render; no sockets, no policy.
// Prints one JSON line a scenario. Run: `npx tsc -b bench && node dist/bench/micro/sip-proxy.js [seconds] [rate]`.
import { createEndpoint, Edits, TimerWheel, type Flow, type SipEndpoint, type Transports } from '#libs/sip';
import { systemRandom } from '#libs/runtime';

const seconds = Number(process.argv[2] ?? 3);
/** Transactions a second of simulated time: decides how many linger in their last state. */
const rate = Number(process.argv[3] ?? 2_000);
/** Names of the scenarios to run; all by default. */
const only = process.argv[4];

let nowMs = 0;
const timers = new TimerWheel({ monotonicMs: () => nowMs });

class BenchFlow implements Flow {
  readonly listener = 'core';
  readonly localAddress = '10.0.0.1';
  readonly localPort = 5060;
  readonly connectionId = 0;
  readonly closed = false;
  sent = '';
  bytes = 0;

  constructor(
    readonly transport: 'udp' | 'tcp',
    readonly remoteAddress: string,
    readonly remotePort: number,
  ) {}

  get reliable(): boolean {
    return this.transport === 'tcp';
  }

  send(message: string): boolean {
    this.sent = message;
    this.bytes += flat(message).length; // a socket makes bytes of it, too
    return true;
  }

  close(): void {}
}

const phone = new BenchFlow('udp', '10.1.2.3', 40_000);
const callee = new BenchFlow('udp', '10.1.2.4', 40_001);
const core = new BenchFlow('tcp', '10.0.0.2', 5054);
const transports: Transports = { flowTo: () => core, sentBy: () => 'edge.ims.test:5060' };

let hop: { kind: 'flow'; flow: Flow } = { kind: 'flow', flow: core };
const endpoint: SipEndpoint = createEndpoint({
  name: 'bench',
  random: systemRandom,
  timers,
  transports,
  resolver: { resolve: () => [] },
  user: {
    request: (tx) => {
      endpoint.proxy(tx, {}).fork(new Edits(tx.request), hop, undefined);
    },
    ack: (ack) => endpoint.sendStateless(new Edits(ack), hop),
  },
});

const COMMON = [
  'Max-Forwards: 70',
  'Contact: <sip:alice@10.1.2.3:40000;ob>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000000000001>";reg-id=1',
  'Supported: outbound, path, gruu',
  'User-Agent: Bench Phone 1.0',
  'Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE',
];
const SDP =
  'v=0\r\no=- 1 1 IN IP4 10.1.2.3\r\ns=-\r\nc=IN IP4 10.1.2.3\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n' +
  'a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n';

let serial = 0;
const request = (
  method: string,
  callId: string,
  extra: readonly string[],
  toTag: string,
  body: string,
): string =>
  flat(
    `${method} sip:bob@ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.2.3:40000;rport;branch=z9hG4bK-524287-${++serial}\r\n` +
      `From: "Alice" <sip:alice@ims.test>;tag=a${callId}\r\nTo: <sip:bob@ims.test>${toTag}\r\nCall-ID: ${callId}@10.1.2.3\r\n` +
      `CSeq: ${serial % 100} ${method}\r\n${COMMON.concat(extra).join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );

/** As it comes from a socket: one flat latin1 string. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

const response = (to: string, status: string, body: string): string => {
  const from = to.indexOf('\r\n') + 2;
  const head = to.slice(from, to.indexOf('Max-Forwards', from));
  return flat(
    `SIP/2.0 ${status}\r\n${head}Server: Bench 1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
};

const AUTHORIZATION =
  'Authorization: Digest username="alice@ims.test", realm="ims.test", nonce="0a1b2c3d4e5f60718293a4b5c6d7e8f9", ' +
  'uri="sip:ims.test", response="0123456789abcdef0123456789abcdef", algorithm=MD5, cnonce="abcd", qop=auth, nc=00000001';

/** Each scenario hands messages over and says how many. */
const scenarios: Readonly<Record<string, (callId: string) => number>> = {
  register(callId) {
    hop = { kind: 'flow', flow: core };
    endpoint.message(request('REGISTER', callId, [AUTHORIZATION, 'Expires: 300'], '', ''), phone);
    endpoint.message(response(core.sent, '200 OK', ''), core);
    return 2;
  },
  call(callId) {
    hop = { kind: 'flow', flow: callee };
    endpoint.message(request('INVITE', callId, ['Content-Type: application/sdp'], '', SDP), phone);
    const invite = callee.sent;
    endpoint.message(response(invite, '180 Ringing', ''), callee);
    endpoint.message(response(invite, '200 OK', SDP), callee);
    endpoint.message(request('ACK', callId, [], ';tag=bob', ''), phone);
    endpoint.message(request('BYE', callId, [], ';tag=bob', ''), phone);
    endpoint.message(response(callee.sent, '200 OK', ''), callee);
    return 6;
  },
};

/** The same texts made and nothing done with them: taken off. */
const dry: Readonly<Record<string, (callId: string) => number>> = {
  register(callId) {
    response(request('REGISTER', callId, [AUTHORIZATION, 'Expires: 300'], '', ''), '200 OK', '');
    return 2;
  },
  call(callId) {
    const invite = request('INVITE', callId, ['Content-Type: application/sdp'], '', SDP);
    response(invite, '180 Ringing', '');
    response(invite, '200 OK', SDP);
    request('ACK', callId, [], ';tag=bob', '');
    response(request('BYE', callId, [], ';tag=bob', ''), '200 OK', '');
    return 6;
  },
};

type Cost = Readonly<{ us: number; bestUs: number; messages: number }>;

/** CPU microseconds a message of `run` at the rate: median and best of slices of 250 ms. */
const measure = (run: (callId: string) => number, slices: number): Cost => {
  const costs: number[] = [];
  let messages = 0;
  for (let slice = 0, flows = 0; slice < slices; slice++) {
    const start = performance.now();
    const cpu = process.cpuUsage();
    const before = messages;
    while (performance.now() - start < SLICE_MS) {
      for (let index = 0; index < 100; index++) messages += run(`c${++flows}`);
      nowMs += (100 * 1_000) / rate;
      timers.advance(nowMs);
    }
    const { user, system } = process.cpuUsage(cpu);
    costs.push((user + system) / (messages - before));
  }
  costs.sort((one, other) => one - other);
  return { us: costs[costs.length >> 1]!, bestUs: costs[0]!, messages };
};

const SLICE_MS = 250;

for (const [name, run] of Object.entries(scenarios)) {
  if (only !== undefined && only !== name) continue;
  measure(run, 8);
  const engine = measure(run, seconds * 4);
  const live = endpoint.transactionCount;
  const making = measure(dry[name]!, 8);
  const { rss } = process.memoryUsage();
  const figures = {
    scenario: name,
    usPerMessage: round(engine.us - making.us),
    usBest: round(engine.bestUs - making.bestUs),
    usMakingTexts: round(making.us),
    messages: engine.messages,
    liveTransactions: live,
    rssMiB: Math.round(rss / 1_048_576),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
