// The server of applications on a memory hub: applications that are text, and a router of the test's own at the other end.
// Read by *.spec.ts of this folder.
import { silentLogger } from '#libs/runtime';
import { createEndpoint, createStaticResolver, createTransports, type Flow, MemoryHub, type SipEndpoint, TimerWheel } from '#libs/sip'; // prettier-ignore
import { createFakeClock, createSeededRandom, firstHeader, headerLines, settle } from '#libs/testkit';
import { createDrachtioServer } from './drachtio-server.js';
import { frame, Framer } from './framing.js';

const NODE = { address: '10.9.0.1', port: 5056 } as const;
const ROUTER = { address: '10.9.0.2', port: 5054 } as const;
export const ODI = `sip:odi_1@${ROUTER.address}:${ROUTER.port};transport=tcp;lr`;

export type Heard = Readonly<{ fields: readonly string[]; text: string }>;

export const createStage = async ({ secret = '' }: Readonly<{ secret?: string }> = {}) => {
  const clock = createFakeClock(1_767_225_600_000);
  const hub = new MemoryHub();
  const timers = new TimerWheel(clock);
  const random = createSeededRandom(7);
  const counts: string[] = [];
  const listen = async (name: string, at: typeof NODE | typeof ROUTER) => {
    const listeners = [{ name, transport: 'tcp', ...at, memoryOnly: true }] as const;
    const transports = createTransports({ listeners, clock, log: silentLogger, hub });
    await transports.listen();
    return transports;
  };
  const transports = await listen('drachtio', NODE);
  const hostPort = `${NODE.address}:${NODE.port}`;
  const server = createDrachtioServer(
    { clock, random, count: (kind) => void counts.push(kind), endpoint: () => endpoint },
    {
      homeDomain: 'ims.test',
      ownHosts: new Set(['drachtio.ims.test', hostPort]),
      address: { host: NODE.address, port: NODE.port, hostPort },
      listener: 'drachtio',
      hostports: `tcp/${hostPort}`,
      secret,
    },
  );
  const endpoint: SipEndpoint = createEndpoint({
    ...{ name: 'drachtio', random, timers, transports, user: server },
    resolver: createStaticResolver({ 'ims.test': [{ transport: 'tcp', ...ROUTER }] }),
    onDefect: (error) => {
      throw error;
    },
  });
  transports.setReceiver(endpoint);

  const router = await listen('router', ROUTER);
  const heard: string[] = [];
  router.setReceiver({
    message: (raw) => void heard.push(raw),
    flowClosed: () => undefined,
    sendFailed: () => undefined,
  });
  const flow: Flow = router.flowTo({ transport: 'tcp', ...NODE }, 'router')!;
  const send = async (text: string): Promise<void> => {
    flow.send(text);
    await settle();
  };

  /** An application that has connected and says nothing yet. */
  const connect = () => {
    const said: Heard[] = [];
    let closed = false;
    const framer = new Framer({
      message(message) {
        const end = message.indexOf('\r\n');
        const leader = end < 0 ? message : message.slice(0, end);
        said.push({ fields: leader.split('|'), text: end < 0 ? '' : message.slice(end + 2) });
      },
      failed: (fault) => {
        throw new Error(fault);
      },
    });
    const application = server.connected({
      send: (text) => framer.push(text),
      close: () => (closed = true),
    });
    const say = async (message: string): Promise<Heard | undefined> => {
      application.receive(frame(message));
      await settle();
      const id = message.slice(0, message.indexOf('|'));
      return said.findLast(({ fields }) => fields[1] === 'response' && fields[2] === id);
    };
    return {
      said,
      say,
      receive: (bytes: string) => application.receive(bytes),
      get closed() {
        return closed;
      },
      /** The last SIP message from the network whose text begins so. */
      sip: (start: string): Heard | undefined =>
        said.findLast(({ fields, text }) => fields[1] === 'sip' && text.startsWith(start)),
      die: async (): Promise<void> => {
        application.closed();
        await settle();
      },
    };
  };

  /** One that has authenticated and takes INVITEs, and more. */
  const attach = async (tag: string, methods: readonly string[] = ['invite']) => {
    const application = connect();
    await application.say(`auth|authenticate|${secret}|${tag}`);
    for (const method of methods) await application.say(`r|route|${method}`);
    return application;
  };

  const request = (
    method: string,
    lines: readonly string[] = [],
    options: Readonly<{
      tag?: string;
      call?: string;
      toTag?: string;
      body?: string;
      cseq?: number;
      branch?: string;
      uri?: string;
    }> = {},
  ): Promise<void> => {
    const {
      tag = 'demo',
      call = 'c1',
      toTag = '',
      body = '',
      cseq = 1,
      branch = `${method}${cseq}${call}`,
      uri = toTag === '' ? 'sip:bob@ims.test' : `sip:${NODE.address}:${NODE.port};transport=tcp`,
    } = options;
    const routes = toTag === '' ? [`Route: <sip:${tag}@drachtio.ims.test;lr>`, `Route: <${ODI}>`] : [];
    const head = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/TCP ${ROUTER.address}:${ROUTER.port};branch=z9hG4bK${branch}`,
      'Max-Forwards: 60',
      ...routes,
      'Record-Route: <sip:10.9.0.2:5054;transport=tcp;lr>',
      'From: "Alice" <sip:alice@ims.test>;tag=a1',
      `To: <sip:bob@ims.test>${toTag === '' ? '' : `;tag=${toTag}`}`,
      `Call-ID: ${call}`,
      `CSeq: ${cseq} ${method}`,
      'Contact: <sip:alice@10.0.0.1:5060>',
      ...lines,
      `Content-Length: ${body.length}`,
    ];
    return send(`${head.join('\r\n')}\r\n\r\n${body}`);
  };

  /** Answers what the node has sent. */
  const answer = (of: string, status: number, lines: readonly string[] = [], toTag = 'b1'): Promise<void> => {
    const copied = ['Via', 'Record-Route', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
      headerLines(of, name).map((value) => `${name}: ${value}`),
    );
    const to = firstHeader(of, 'To') ?? '';
    const tag = to.includes(';tag=') ? '' : `;tag=${toTag}`;
    return send(
      [
        `SIP/2.0 ${status} Whatever`,
        ...copied,
        `To: ${to}${tag}`,
        ...lines,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  };

  return {
    clock,
    counts,
    server,
    endpoint,
    connect,
    attach,
    request,
    answer,
    /** What reached the router, latest last: requests of this method, or answers. */
    legs: (start: string): readonly string[] => heard.filter((raw) => raw.startsWith(`${start} `)),
    leg: (start: string): string => heard.findLast((raw) => raw.startsWith(`${start} `)) ?? '',
    told: (): readonly number[] =>
      heard
        .filter((raw) => raw.startsWith('SIP/2.0 '))
        .map((raw) => Number(raw.slice(8, 11)))
        .filter((status) => status > 100),
    advance: async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 100) {
        clock.advance(Math.min(100, left));
        timers.advance();
        await settle();
      }
    },
  };
};
