// Several processes of one edge on the same ports (WORKERS, docs/architecture.md §8): what each has of its own, and what they tell one
// another. A registered flow over UDP is no process's: the kernel gives its datagrams to another one when workers come and go, so all of
// them know who is registered there. Used by main.ts, bono-node.ts and handlers/register.ts.
import path from 'node:path';
import { type ProcessConfig, StartRefused, type WorkersConfig, workerPort } from '#libs/runtime';
import { type Flow, isWildcard, type Target, type WorkerLinks } from '#libs/sip';
import type { EventLogConfig } from '#libs/event-log';
import type { BonoConfig } from './bono.config.js';
import type { ClientFlows } from './client-flows.js';
import type { FlowIdentity, Siblings } from './ports.js';

/** Identities of one REGISTER differ in their names only. */
type Told = Readonly<{
  listener: string;
  address: string;
  port: number;
  impus: readonly string[];
  /** Absent: they are not registered any more. */
  as?: Omit<FlowIdentity, 'impu'>;
}>;

export const createSiblings = (tell: (text: string) => void): Siblings => {
  const telling = (flow: Flow, impus: readonly string[], as?: Told['as']): void => {
    // A connection's registrations are of use where it is only.
    if (flow.reliable) return;
    const { listener, remoteAddress: address, remotePort: port } = flow;
    const told: Told = { listener, address, port, impus, ...(as === undefined ? {} : { as }) };
    tell(JSON.stringify(told));
  };
  return {
    registered(flow, identities) {
      const [first] = identities;
      if (first === undefined) return;
      const { impu: _impu, ...as } = first;
      telling(
        flow,
        identities.map(({ impu }) => impu),
        as,
      );
    },
    deregistered: (flow, impus) => telling(flow, impus),
  };
};

/** Takes what another worker told. */
export const learnFrom = (
  text: string,
  flows: Pick<ClientFlows, 'register' | 'deregister'>,
  flowTo: (target: Target, listener: string) => Flow | undefined,
): void => {
  const { listener, address, port, impus, as } = JSON.parse(text) as Told;
  const flow = flowTo({ transport: 'udp', address, port }, listener);
  if (flow === undefined) return;
  if (as === undefined) return flows.deregister(flow, impus);
  flows.register(
    flow,
    impus.map((impu) => ({ ...as, impu, serviceRoute: as.serviceRoute })),
  );
};

const LOOPBACK = '127.0.0.1';

/** Where each worker's trusted port is; `own` is that of the one that asks. */
export const trustedTargets = (
  { bonoTrustedPort }: Pick<BonoConfig, 'bonoTrustedPort'>,
  bindAddress: string,
  { own, count }: Pick<WorkerLinks, 'own' | 'count'>,
): readonly Target[] =>
  Array.from({ length: count }, (_, worker) => ({
    transport: 'tcp',
    address: isWildcard(bindAddress) ? LOOPBACK : bindAddress,
    port: workerPort(bonoTrustedPort, worker - own),
  }));

/** What WORKERS needs; StartRefused says what is not so. */
export const checkWorkers = (eventLog: EventLogConfig, config: BonoConfig): void => {
  if (eventLog.eventLog !== 'kafka')
    throw new StartRefused(
      'WORKERS above 1 needs EVENT_LOG=kafka: an edge of several processes finds its clients in a shared log',
    );
  if (config.bonoPort === 0 || config.bonoTrustedPort === 0)
    throw new StartRefused(
      'WORKERS above 1 needs ports that are known: BONO_PORT and BONO_TRUSTED_PORT are not 0',
    );
};

/** Variables of a worker, over those of the process that starts it. */
export const workerEnv = (
  { dataDir, managementPort }: Pick<ProcessConfig, 'dataDir' | 'managementPort'>,
  config: BonoConfig,
  { workers }: Pick<WorkersConfig, 'workers'>,
  worker: number,
): Record<string, string> => ({
  WORKERS: String(workers),
  WORKER: String(worker),
  DATA_DIR: path.resolve(dataDir, `worker-${worker}`),
  FLOW_TOKEN_KEY_FILE: path.resolve(config.flowTokenKeyFile || path.join(dataDir, 'flow-token.key')),
  MANAGEMENT_PORT: String(workerPort(managementPort, worker + 1)),
  BONO_TRUSTED_PORT: String(workerPort(config.bonoTrustedPort, worker)),
  // One process writes a spool.
  ...(config.bonoChargingSpoolDir === ''
    ? {}
    : { BONO_CHARGING_SPOOL_DIR: path.resolve(config.bonoChargingSpoolDir, `worker-${worker}`) }),
});
