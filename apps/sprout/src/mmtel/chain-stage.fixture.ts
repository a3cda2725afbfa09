// The telephony server on a memory hub, asked by a router of the test's own: it sends a request as a filter criterion would,
// answers what comes back into the chain, and keeps what the caller gets. Knows text only. Read by *.spec.ts of this folder.
import { createMetrics, silentLogger, createPeerCheck } from '#libs/runtime';
import { createTransports, type Flow, MemoryHub, TimerWheel } from '#libs/sip';
import { createFakeClock, createSeededRandom, firstHeader, headerLines, settle } from '#libs/testkit';
import { startMmtel } from './mmtel-node.js';

const ROUTER = { address: '10.9.0.2', port: 5054 } as const;
const ODI = `sip:odi_0123456789@${ROUTER.address}:${ROUTER.port};transport=tcp;lr;service=scscf`;

export type StageOptions = Readonly<{
  /** simservs of the served user: the elements within. */
  simservs?: string;
  /** Documents cannot be read. */
  broken?: boolean;
  homeCountry?: string;
}>;

export type Invitation = Readonly<{
  method?: string;
  to?: string;
  from?: string;
  served?: string;
  server?: string;
  headers?: readonly string[];
  body?: string;
}>;

export const ALICE = 'sip:alice@ims.test';
export const BOB = 'sip:bob@ims.test';
const SDP =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

export const terminating = (served = BOB): string => `<${served}>;sescase=term;regstate=reg`;
export const originating = (served = ALICE): string => `<${served}>;sescase=orig;regstate=reg`;

const countIn = (metrics: string, kind: string): number =>
  Number(
    new RegExp(`^mmtel_events_total\\{[^}]*kind="${kind}"[^}]*\\} ([0-9]+)`, 'm').exec(metrics)?.[1] ?? 0,
  );

export const createStage = async ({ simservs, broken = false, homeCountry = '' }: StageOptions = {}) => {
  const clock = createFakeClock(1_767_225_600_000);
  const hub = new MemoryHub();
  const faults: string[] = [];
  const noted: object[] = [];
  const metrics = createMetrics();
  const xml = simservs === undefined ? null : `<simservs>${simservs}</simservs>`;
  const node = await startMmtel({
    homeDomain: 'ims.test',
    bindAddress: '10.9.0.1',
    port: 5055,
    homeCountry,
    key: Buffer.alloc(32, 5),
    documents: {
      peek: () => (broken ? undefined : xml),
      xml: () => Promise.reject(new Error('the table is gone')),
    },
    clock,
    random: createSeededRandom(3),
    logger: silentLogger,
    metrics,
    observer: { count: () => undefined, fault: (kind) => void faults.push(kind) },
    calls: { note: (_stream, facts) => void noted.push(...facts) },
    timers: new TimerWheel(clock),
    peers: createPeerCheck(['10.9.0.0/16']),
    hub,
    memoryOnly: true,
  });
  const router = createTransports({
    listeners: [{ name: 'router', transport: 'tcp', ...ROUTER, memoryOnly: true }],
    clock,
    log: silentLogger,
    hub,
  });
  const heard: string[] = [];
  router.setReceiver({
    message: (raw) => void heard.push(raw),
    flowClosed: () => undefined,
    sendFailed: () => undefined,
  });
  await router.listen();
  const flow: Flow = router.flowTo({ transport: 'tcp', address: '10.9.0.1', port: 5055 }, 'router')!;

  const invite = async (call: Invitation = {}): Promise<void> => {
    const method = call.method ?? 'INVITE';
    const body = call.body ?? (method === 'INVITE' ? SDP : '');
    const lines = [
      `${method} ${call.to ?? BOB} SIP/2.0`,
      `Via: SIP/2.0/TCP ${ROUTER.address}:${ROUTER.port};branch=z9hG4bKrouter`,
      'Max-Forwards: 60',
      `Route: <${call.server ?? 'sip:mmtel.ims.test;lr'}>`,
      `Route: <${ODI}>`,
      `From: ${call.from ?? `"Alice" <${ALICE}>`};tag=a1`,
      `To: <${call.to ?? BOB}>`,
      'Call-ID: c1',
      'P-Charging-Vector: icid-value=i1',
      `CSeq: 1 ${method}`,
      'Contact: <sip:alice@10.0.0.1:5060;transport=udp>;+sip.instance="<urn:uuid:1>";audio',
      `P-Served-User: ${call.served ?? terminating()}`,
      ...(call.headers ?? []),
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
    ];
    flow.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
    await settle();
  };

  /** What came back into the chain, latest last. */
  const legs = (method = 'INVITE'): readonly string[] => heard.filter((raw) => raw.startsWith(`${method} `));
  const leg = (at = -1): string => legs().at(at) ?? '';

  const answer = async (request: string, status: number, headers: readonly string[] = []): Promise<void> => {
    const copied = ['Via', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
      headerLines(request, name).map((value) => `${name}: ${value}`),
    );
    const to = `To: ${firstHeader(request, 'To') ?? ''}${status > 100 ? ';tag=b1' : ''}`;
    flow.send([`SIP/2.0 ${status} Whatever`, ...copied, to, ...headers, 'Content-Length: 0', '', ''].join('\r\n'));
    await settle();
  };

  return {
    clock,
    faults,
    /** Events of the call. */
    noted,
    /** How often the server counted this kind of thing. */
    counted: async (kind: string): Promise<number> => countIn(await metrics.text(), kind),
    invite,
    answer,
    legs,
    leg,
    /** Statuses that the caller was told, in order. */
    told: (): readonly number[] =>
      heard
        .filter((raw) => raw.startsWith('SIP/2.0 ') && headerLines(raw, 'Via').length === 1 && /INVITE|MESSAGE/.test(firstHeader(raw, 'CSeq') ?? ''))
        .map((raw) => Number(raw.slice(8, 11))),
    lastTold: (): string => heard.filter((raw) => raw.startsWith('SIP/2.0 ')).at(-1) ?? '',
    cancel: async (): Promise<void> => {
      const lines = [`CANCEL ${BOB} SIP/2.0`, `Via: SIP/2.0/TCP ${ROUTER.address}:${ROUTER.port};branch=z9hG4bKrouter`, 'Max-Forwards: 60', `From: "Alice" <${ALICE}>;tag=a1`, `To: <${BOB}>`, 'Call-ID: c1', 'CSeq: 1 CANCEL', 'Content-Length: 0', '', ''];
      flow.send(lines.join('\r\n'));
      await settle();
    },
    /** A request of whoever is in the dialog: its first line, its headers, without Via, Call-ID and Max-Forwards. */
    within: async (start: string, headers: readonly string[]): Promise<void> => {
      const [method] = start.split(' ', 1);
      const via = `Via: SIP/2.0/TCP ${ROUTER.address}:${ROUTER.port};branch=z9hG4bK${method}`;
      const lines = [`${start} SIP/2.0`, via, 'Max-Forwards: 60', 'Call-ID: c1', ...headers, 'Content-Length: 0', '', ''];
      flow.send(lines.join('\r\n'));
      await settle();
    },
    after: (ms: number): Promise<void> => clock.advanceAsync(ms),
    close: async (): Promise<void> => {
      await Promise.all([node.close(), router.close()]);
    },
  };
}; // prettier-ignore
