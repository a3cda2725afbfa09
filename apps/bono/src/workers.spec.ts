// What the workers of an edge tell one another, and what each has of its own.
import { EventLogConfig } from '#libs/event-log';
import { flowTokens, type Flow } from '#libs/sip';
import { BonoConfig } from './bono.config.js';
import { ClientFlows } from './client-flows.js';
import { createFlowNames } from './flow-names.js';
import { checkWorkers, createSiblings, learnFrom, trustedTargets, workerEnv } from './workers.js';

const flow = (transport: 'udp' | 'tcp', remotePort = 40_000): Flow => ({
  transport,
  reliable: transport !== 'udp',
  listener: 'untrusted',
  localAddress: '192.0.2.1',
  localPort: 5060,
  remoteAddress: '198.51.100.7',
  remotePort,
  connectionId: transport === 'udp' ? 0 : 7,
  closed: false,
  send: () => true,
  close: () => undefined,
});

const identity = {
  impu: 'sip:a@ims.test',
  impi: 'a@ims.test',
  instance: '',
  contacts: ['sip:a@198.51.100.7:40000'],
  expiresAtMs: 100_000,
  serviceRoute: '<sip:scscf.ims.test:5054;lr;orig>',
};

const worlds = () => {
  const flows = new ClientFlows({ tokens: { of: () => 'token', flow: () => undefined } });
  const there = flow('udp');
  const siblings = createSiblings((text) => learnFrom(text, flows, () => there));
  return { flows, there, siblings };
};

it('lets every worker know who is registered on a flow over UDP', () => {
  const { flows, there, siblings } = worlds();
  siblings.registered(flow('udp'), [identity, { ...identity, impu: 'tel:+123' }]);
  const known = flows.find(there)!;
  expect(known.identity('sip:a@ims.test', 0)).toEqual(identity);
  expect(known.identity('tel:+123', 0)?.serviceRoute).toBe(identity.serviceRoute);
  siblings.deregistered(flow('udp'), [identity.impu, 'tel:+123']);
  expect(flows.find(there)).toBeUndefined();
});

it('keeps a registration without a Service-Route as it is', () => {
  const { flows, there, siblings } = worlds();
  siblings.registered(flow('udp'), [{ ...identity, serviceRoute: undefined }]);
  expect(flows.find(there)!.identity(identity.impu, 0)).toEqual({ ...identity, serviceRoute: undefined });
});

it('tells nobody of a connection, which is of use where it is only', () => {
  const told: string[] = [];
  const siblings = createSiblings((text) => void told.push(text));
  siblings.registered(flow('tcp'), [identity]);
  siblings.deregistered(flow('tcp'), [identity.impu]);
  siblings.registered(flow('udp'), []);
  expect(told).toEqual([]);
});

it('sends what is for a connection of another worker there, and over UDP itself', () => {
  const key = Buffer.alloc(32, 1);
  const udp = flow('udp');
  const transports = {
    addresses: () => [
      { name: 'untrusted', transport: 'udp' as const, address: '192.0.2.1', port: 5060, sentBy: '' },
      { name: 'untrusted', transport: 'tcp' as const, address: '192.0.2.1', port: 5060, sentBy: '' },
    ],
    flowOf: ({ transport }: { transport: string }) => (transport === 'udp' ? udp : flow('tcp')),
  };
  const of = (own: number, count = 2) =>
    createFlowNames(flowTokens(key, own, own), transports, { own, count });
  const [onTcp, onUdp] = [of(1).of(flow('tcp'))!, of(1).of(udp)!];
  expect(of(0).flow(onTcp)).toBeUndefined();
  expect(of(0).workerOf(onTcp)).toBe(1);
  expect(of(1).flow(onTcp)?.transport).toBe('tcp');
  expect(of(1).workerOf(onTcp)).toBeUndefined();
  expect(of(1).workerOf(of(0).of(flow('tcp'))!)).toBe(0);
  expect(of(0).flow(onUdp)).toBe(udp);
  expect(of(0).workerOf(onUdp)).toBeUndefined();
  // There are fewer now than there were.
  expect(of(0, 1).workerOf(onTcp)).toBeUndefined();
  expect(of(0, 1).flow(onTcp)).toBeUndefined();
  expect(of(0).workerOf('forged')).toBeUndefined();
});

it('gives each a folder, ports and the same keys', () => {
  const config = new BonoConfig();
  const env = [0, 1].map((worker) =>
    workerEnv({ dataDir: '/d', managementPort: 9887 }, config, { workers: 2 }, worker),
  );
  expect(env[0]).toEqual({
    WORKERS: '2',
    WORKER: '0',
    DATA_DIR: '/d/worker-0',
    FLOW_TOKEN_KEY_FILE: '/d/flow-token.key',
    MANAGEMENT_PORT: '9987',
    BONO_TRUSTED_PORT: '5058',
  });
  expect(env[1]).toMatchObject({ MANAGEMENT_PORT: '10087', BONO_TRUSTED_PORT: '5158' });
  expect(env[1]!['FLOW_TOKEN_KEY_FILE']).toBe('/d/flow-token.key');
  const second = { bonoTrustedPort: 5158 };
  expect(
    trustedTargets(second, '0.0.0.0', { own: 1, count: 2 }).map(({ address, port }) => `${address}:${port}`),
  ).toEqual(['127.0.0.1:5058', '127.0.0.1:5158']);
});

it('is refused on a log of one process, and without ports', () => {
  const embedded = new EventLogConfig();
  const kafka = Object.assign(new EventLogConfig(), { eventLog: 'kafka' as const });
  expect(() => checkWorkers(embedded, new BonoConfig())).toThrow('EVENT_LOG=kafka');
  expect(() => checkWorkers(kafka, Object.assign(new BonoConfig(), { bonoPort: 0 }))).toThrow('ports');
  expect(() => checkWorkers(kafka, new BonoConfig())).not.toThrow();
});
