// What a person at the terminal wants to know of a running cluster: what runs where, whom to be, what to try. Used by main.ts.
import path from 'node:path';
import Table from 'cli-table3';
import type { Cluster } from './cluster.js';
import type { App, EngineAddresses } from './cluster-plan.js';
import type { Demo } from './demo.js';

const PORTS: Readonly<Record<App, string>> = {
  bono: 'SIP 5060, WebSocket 5062; trusted 5058',
  sprout: 'trusted SIP 5052, 5054, 5055; HTTP 9888',
  homestead: 'HTTP 8888',
  'homestead-prov': 'HTTP 8889',
  homer: 'XCAP 7888',
  projector: 'HTTP 8892',
  chronos: 'HTTP 7253',
  ralf: 'HTTP 10888',
  rogers: 'memcached 11311',
  ellis: 'HTTP 8080: the portal',
};

export type Shown = Readonly<{
  cluster: Pick<Cluster, 'members' | 'pid'>;
  engines: EngineAddresses;
  demo: readonly Demo[];
  folder: string;
  /** Of Homestead Prov. */
  url: string;
  signupCode: string;
}>;

export const clusterBanner = ({ cluster, engines, demo, folder, url, signupCode }: Shown): string => {
  const table = new Table({
    head: ['process', 'address', 'ports', 'pid', 'health, metrics'],
    style: { head: [], border: [] },
  });
  const shown = [...cluster.members].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, app, address, managementUrl } of shown)
    table.push([name, address, PORTS[app], String(cluster.pid(name)), managementUrl]);
  const [one, two] = shown.filter(({ app }) => app === 'bono').map(({ address }) => address);
  const [alice, bob] = demo;
  const portals = shown.filter(({ app }) => app === 'ellis').map(({ address }) => `http://${address}:8080/`);
  return [
    '',
    table.toString(),
    '',
    ...Object.entries(engines).map(([engine, addresses]) => `  ${engine.padEnd(10)} ${addresses.join(', ')}`),
    '',
    `Data, keys and what each process says: ${folder}`,
    ...demo.map(({ impu, impi, password }) => `  ${impu}  user name ${impi}  password ${password}`),
    '',
    ...(portals.length === 0 ? [] : [`Portal: ${portals.join(' and ')}  sign-up code ${signupCode}`, '']),
    'What to try:',
    `  register ${alice?.impi} at ${one}:5060 and ${bob?.impi} at ${two}:5060, domain ims.test, and call: each request takes any Sprout`,
    '  end a Sprout (kill its pid) and call again; what it says when it goes on: npm run cluster',
    `  curl -H "X-API-Key: $(cat ${path.join(folder, 'api-key')})" ${url}/private/${encodeURIComponent(alice?.impi ?? '')}`,
    `  SHARED_CONFIG=etcd ETCD_ENDPOINTS=${engines.etcd.join(',')} ETCD_PREFIX=/cluster npm run config -- cluster status`,
    '  the same with `cluster drain <address>`: out of work, and back with `undrain`; with `set LOG_LEVEL debug`: in effect everywhere at once',
    '  stop with Ctrl-C; nothing that was acknowledged is lost, however it stops',
    '',
  ].join('\n');
};
