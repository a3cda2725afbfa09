// Homestead's HSS mode against HSSs that answer what a test tells them, over the real peer machine on a simulated network. For specs.
import { APPLICATIONS, type Body, createDiameterNode, createMemoryNetwork, type Described, describeAvps, type DiameterNode, isRetransmitted, type Message, type RequestShort, VENDOR_3GPP } from '#libs/diameter'; // prettier-ignore
import type { DomainEvent } from '#libs/event-log';
import { createMetrics, silentLogger } from '#libs/runtime';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { HssConfig } from '../hss.config.js';
import type { Withdrawal } from './registrar-link.js';
import { startHssMode } from './start-hss-mode.js';

export const IMPU = 'sip:alice@ims.test';
export const IMPI = 'alice@ims.test';
export const SCSCF = 'sip:scscf.ims.test:5054;transport=tcp';
export const RECORD_TTL_S = 3_600;
export const REREGISTRATION_S = 1_800;

export const xmlOf = (impus: readonly string[], criteria = '', privateId = IMPI): string =>
  `<IMSSubscription><PrivateID>${privateId}</PrivateID><ServiceProfile>` +
  impus.map((impu) => `<PublicIdentity><Identity>${impu}</Identity></PublicIdentity>`).join('') +
  `${criteria}</ServiceProfile></IMSSubscription>`;
export const XML = xmlOf([IMPU, 'tel:+1']);

export const success = (more: Body = {}): Body => ({ 'Result-Code': 2001, ...more });
export const base = (code: number): Body => ({ 'Result-Code': code });
export const experimental = (code: number, more: Body = {}): Body => ({
  'Experimental-Result': { 'Vendor-Id': VENDOR_3GPP, 'Experimental-Result-Code': code },
  ...more,
});
export const profile = (xml = XML): Body => success({ 'User-Data': Buffer.from(`<?xml version="1.0"?>${xml}`) }); // prettier-ignore

/** `type`: Server-Assignment-Type. */
export type Seen = Readonly<
  { hss: string; command: string; again: boolean; type: number | undefined } & Record<string, unknown>
>;
type Answering = (request: Message) => Body | Promise<Body>;

export type StageOptions = Readonly<{ hsss?: number; config?: Partial<HssConfig> }>;

const DEFAULTS: Readonly<Record<'UAR' | 'LIR' | 'MAR' | 'SAR', Body>> = {
  UAR: experimental(2001),
  LIR: success({ 'Server-Name': SCSCF }),
  MAR: base(5012),
  SAR: profile(),
};

export const createStage = async ({ hsss = 1, config = {} }: StageOptions = {}) => {
  const clock = createFakeClock();
  const network = createMemoryNetwork(clock);
  const seen: Seen[] = [];
  const answers = new Map<string, Answering>();
  const common = { realm: 'ims.test', applications: [APPLICATIONS.cx], transport: network, clock };
  const servers: DiameterNode[] = [];
  for (let n = 1; n <= hsss; n++) {
    const host = `hss${n}.ims.test`;
    const random = createSeededRandom(host);
    const server = createDiameterNode({ ...common, host, random, welcome: () => true });
    for (const [command, usual] of Object.entries(DEFAULTS))
      server.handle(command as RequestShort, (request) => {
        const avps: Record<string, Described | Described[]> = describeAvps(request.avps);
        seen.push({
          ...avps,
          hss: host,
          command,
          type: request.avps.get('Server-Assignment-Type'),
          again: isRetransmitted(request),
        });
        return answers.get(command)?.(request) ?? usual;
      });
    await server.listen({ host: `at${n}`, port: 3868 });
    servers.push(server);
  }

  const withdrawn: unknown[] = [];
  const changedProfiles: (readonly [impu: string, xml: string])[] = [];
  const events: (DomainEvent & { stream: string })[] = [];
  const faults: { log?: Error; registrar?: Error } = {};
  const metrics = createMetrics();
  const hss = Object.assign(new HssConfig(), {
    hssPeers: servers.map((_server, n) => `at${n + 1}:3868`),
    diameterHost: 'homestead.ims.test',
    ...config,
  });
  const starting = startHssMode({
    process: { homeDomain: 'ims.test', managementPort: 1 },
    homestead: { recordTtlS: RECORD_TTL_S },
    hss,
    scscfUri: SCSCF,
    log: {
      append(stream, appended) {
        if (faults.log) return Promise.reject(faults.log);
        events.push(...appended.map((event) => ({ ...event, stream })));
        return Promise.resolve([]);
      },
    },
    engines: {},
    registrar: {
      withdraw(withdrawals: readonly Withdrawal[], { notify }) {
        withdrawn.push({ withdrawals, notify });
        return faults.registrar ? Promise.reject(faults.registrar) : Promise.resolve();
      },
      changeProfile(defaultImpu, xml) {
        changedProfiles.push([defaultImpu, xml]);
        return faults.registrar ? Promise.reject(faults.registrar) : Promise.resolve();
      },
    },
    transport: network,
    clock,
    random: createSeededRandom('homestead'),
    logger: silentLogger,
    metrics,
  });
  await clock.advanceAsync(50);
  const mode = await starting;

  /** What comes of it while the clock goes on. */
  const settled = async <T>(asked: Promise<T>, ms = 20): Promise<T> => {
    await clock.advanceAsync(ms);
    return asked;
  };
  const { core } = mode;
  type Asked = Parameters<typeof core.regData>[1];
  return {
    clock,
    network,
    core,
    node: mode.node,
    seen,
    events,
    withdrawn,
    changedProfiles,
    faults,
    metrics,
    settled,
    /** What the HSS answers to this command from now on. */
    answer: (command: keyof typeof DEFAULTS, body: Body | Answering) =>
      void answers.set(command, typeof body === 'function' ? body : () => body),
    /** Commands that the HSSs were asked since last time, in words. */
    asked: () =>
      seen.splice(0).map(({ command, type }) => (type === undefined ? command : `${command} ${type}`)),
    regData: (reqtype: Asked['reqtype'], more: Partial<Asked> = {}, impu = IMPU) =>
      settled(core.regData(impu, { reqtype, ...more })),
    /** An HSS pushes: gives the result code and the answer. */
    async push(short: 'RTR' | 'PPR', body: Body) {
      const to = { 'Destination-Host': 'homestead.ims.test', 'Destination-Realm': 'ims.test' };
      const outcome = await settled(servers[0]!.request(short, { ...to, 'User-Name': IMPI, ...body }));
      if (outcome.kind !== 'answered') throw new Error(outcome.kind);
      return { result: outcome.result?.code, avps: outcome.answer.avps };
    },
    stopHss: (n: number) => {
      network.deaf(`at${n}`, true);
      network.cut(`at${n}`);
    },
    close: () => settled(Promise.all([mode.close(), ...servers.map((server) => server.stop())]), 10_000),
  };
};
export type Stage = Awaited<ReturnType<typeof createStage>>;
