// What stands between the programs and the engines of a cluster: a proxy for each server of memcached and for etcd, which loses what goes one way, or
// resets. Used by rows.ts and accept 8.2.
import { type Fault, type FaultProxy, startFaultProxy } from '#libs/testkit';

export type Cut = 'memcached' | 'etcd';

export interface Cuts {
  /** Variables by which the programs come through the proxies. */
  envOf(engines: Readonly<Record<Cut, readonly string[]>>): Promise<Readonly<Record<string, string>>>;
  /** Of one server, from 0. */
  set(engine: Cut, server: number, fault: Fault): void;
  close(): Promise<void>;
}

const placeOf = (endpoint: string): readonly [host: string, port: number] => {
  const [, host = '', port = ''] = /^(?:http:\/\/)?([^:]+):(\d+)$/.exec(endpoint) ?? [];
  return [host, Number(port)];
};

export const createCuts = (): Cuts => {
  const proxies: Record<Cut, FaultProxy[]> = { memcached: [], etcd: [] };
  return {
    async envOf(engines) {
      for (const engine of ['memcached', 'etcd'] as const)
        for (const endpoint of engines[engine]) proxies[engine].push(await startFaultProxy(...placeOf(endpoint)));
      return {
        ROGERS_SERVERS: proxies.memcached.map(({ port }) => `127.0.0.1:${port}`).join(','),
        ETCD_ENDPOINTS: proxies.etcd.map(({ port }) => `http://127.0.0.1:${port}`).join(','),
      };
    },
    set: (engine, server, fault) => proxies[engine][server]!.set(fault),
    async close() {
      await Promise.all(Object.values(proxies).flatMap((some) => some.map((one) => one.close())));
    },
  };
}; // prettier-ignore
