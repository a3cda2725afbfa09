// What stands between the programs of a cluster and what they speak to: a proxy for each server of an engine, and for each edge and each router on the way
// from the other side, which loses what goes one way, holds everything, or resets. Used by rows.ts and accept 8.2.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { addressOf, hostsText } from '#apps/cluster';
import { type Fault, type FaultProxy, startFaultProxy } from '#libs/testkit';
import type { Places } from '../harness/cluster.js';

/** `sprout`: the way from the edges to a router; `bono`: from the routers to an edge. */
export type Cut = 'kafka' | 'memcached' | 'cassandra' | 'etcd' | 'sprout' | 'bono';
type Engine = Exclude<Cut, 'sprout' | 'bono'>;

export interface Cuts {
  /** For the scripts that start the engines. */
  readonly enginesEnv: Readonly<Record<string, string>>;
  /** Variables by which the programs come through the proxies. */
  envOf(places: Places): Promise<Readonly<Record<string, string>>>;
  /** Of one server, edge or router, from 0. */
  set(cut: Cut, server: number, fault: Fault): void;
  /** Of all of them. */
  setAll(cut: Cut, fault: Fault): void;
  close(): Promise<void>;
}

/** With KAFKA_BEHIND a broker listens there for who comes by the proxy, whose place is one further (docker/services/start-kafka.sh). */
const [KAFKA_BEHIND, KAFKA_PROXY] = [2, 3];
/** Each SIP program that others come to: its ports, how many there are, and the last number of the first proxy's address. */
const SIP = {
  sprout: { ports: [5052, 5054], count: 2, first: 121 },
  bono: { ports: [5058], count: 2, first: 131 },
} as const;
type SipApp = keyof typeof SIP;
/** A name of the deployment by which others come: that of all routers, and that of each edge. */
const NAMES: Readonly<Record<SipApp, (number: number) => string>> = {
  sprout: () => 'sprout',
  bono: (number) => `bono-${number}`,
};

const placeOf = (endpoint: string): readonly [host: string, port: number] => {
  const [, host = '', port = ''] = /^(?:http:\/\/)?([^:]+):(\d+)$/.exec(endpoint) ?? [];
  return [host, Number(port)];
};

const engineProxy = (engine: Engine, endpoint: string): Promise<FaultProxy> => {
  const [host, port] = placeOf(endpoint);
  if (engine !== 'kafka') return startFaultProxy(host, port);
  return startFaultProxy(host, port + KAFKA_BEHIND, { host, port: port + KAFKA_PROXY });
};

/** The hosts file of the deployment, in which routers and edges are where their proxies are. */
const hostsBehind = ({ network, each }: Places): string => {
  const behind = (['sprout', 'bono'] as const).flatMap((app) =>
    Array.from({ length: SIP[app].count }, (_, n) => `${network}.${SIP[app].first + n} ${NAMES[app](n + 1)}\n`),
  );
  const lines = hostsText(network, each === undefined ? {} : { each })
    .split('\n')
    .filter((line) => line !== '' && !/ (?:sprout|bono) /.test(line));
  return `${lines.join('\n')}\n${behind.join('')}`;
}; // prettier-ignore

export const createCuts = (): Cuts => {
  const engines: Record<Engine, FaultProxy[]> = { kafka: [], memcached: [], cassandra: [], etcd: [] };
  /** Of each edge and router one for each of its ports. */
  const sip: Record<SipApp, FaultProxy[][]> = { sprout: [], bono: [] };
  const of = (cut: Cut): readonly (readonly FaultProxy[])[] =>
    cut === 'sprout' || cut === 'bono' ? sip[cut] : engines[cut].map((one) => [one]);
  const endpointsOf = (engine: Engine): readonly string[] => engines[engine].map(({ host, port }) => `${host}:${port}`);
  return {
    enginesEnv: { KAFKA_BEHIND: '1' },
    async envOf(places) {
      for (const engine of Object.keys(engines) as Engine[])
        for (const endpoint of places.engines[engine]) engines[engine].push(await engineProxy(engine, endpoint));
      for (const app of ['sprout', 'bono'] as const)
        for (let n = 0; n < SIP[app].count; n += 1) {
          const own = addressOf(places.network, app, n + 1);
          const host = `${places.network}.${SIP[app].first + n}`;
          sip[app].push(await Promise.all(SIP[app].ports.map((port) => startFaultProxy(own, port, { host, port }))));
        }
      const hosts = path.join(places.folder, 'hosts-behind');
      writeFileSync(hosts, hostsBehind(places));
      return {
        KAFKA_BROKERS: endpointsOf('kafka').join(','),
        ROGERS_SERVERS: endpointsOf('memcached').join(','),
        CASSANDRA_CONTACT_POINTS: endpointsOf('cassandra').join(','),
        ETCD_ENDPOINTS: endpointsOf('etcd').map((endpoint) => `http://${endpoint}`).join(','),
        HOSTS_FILE: hosts,
      };
    },
    set: (cut, server, fault) => of(cut)[server]!.forEach((one) => one.set(fault)),
    setAll: (cut, fault) => of(cut).flat().forEach((one) => one.set(fault)),
    async close() {
      const all = [...Object.values(engines), ...Object.values(sip).flat()].flat();
      await Promise.all(all.map((one) => one.close()));
    },
  };
}; // prettier-ignore
