// Debian's dnsmasq as the DNS of a test, on loopback: records of a file, addresses of another that may change while it runs.
import { accessSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { type Child, startChild, until } from './children.js';
import { freePort } from './ports.js';

const BINARIES = ['/usr/sbin/dnsmasq', '/usr/local/sbin/dnsmasq', '/opt/homebrew/sbin/dnsmasq'];
const READY_MS_MAX = 10_000;
/** So short that what changes is seen at once. */
export const TTL_S = 1;

export interface Dnsmasq {
  /** `127.0.0.1:<port>`, as DNS_SERVERS takes it. */
  readonly server: string;
  /** The addresses of names from now on. */
  setAddresses(addresses: Addresses): void;
  dispose(): Promise<void>;
}

export type Addresses = Readonly<Record<string, readonly string[]>>;

const binary = (): string => {
  for (const file of BINARIES)
    try {
      accessSync(file);
      return file;
    } catch {
      // The next one.
    }
  throw new Error('dnsmasq is not installed: apt-get install dnsmasq-base');
};

const hostsText = (addresses: Addresses): string =>
  Object.entries(addresses)
    .flatMap(([name, all]) => all.map((address) => `${address} ${name}\n`))
    .join('');

/** `records`: lines of dnsmasq's configuration, as `srv-host=…` and `naptr-record=…`. */
export const startDnsmasq = async (records: readonly string[], addresses: Addresses): Promise<Dnsmasq> => {
  const file = binary();
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsmasq-'));
  const [conf, hosts] = [path.join(folder, 'dnsmasq.conf'), path.join(folder, 'hosts')];
  const port = await freePort();
  writeFileSync(
    conf,
    `local=/test/\nlocal=/e164.arpa/\nlocal-ttl=${TTL_S}\nneg-ttl=${TTL_S}\n${records.join('\n')}\n`,
  );
  writeFileSync(hosts, hostsText(addresses));
  const child: Child = startChild(file, [
    '--keep-in-foreground',
    `--conf-file=${conf}`,
    `--addn-hosts=${hosts}`,
    `--port=${port}`,
    '--listen-address=127.0.0.1',
    '--bind-interfaces',
    '--no-resolv',
    '--no-hosts',
    '--pid-file=',
    '--cache-size=0',
    '--log-facility=-',
    `--user=${userInfo().username}`,
  ]);
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const [anyName = ''] = Object.keys(addresses);
  const answers = (): Promise<true | undefined> =>
    resolver.resolve4(anyName).then(
      () => true,
      () => undefined,
    );
  await until('dnsmasq to answer', READY_MS_MAX, async () => {
    if (child.ended) throw new Error(`dnsmasq exited: ${child.output()}`);
    return answers();
  });
  return {
    server: `127.0.0.1:${port}`,
    setAddresses(given) {
      writeFileSync(hosts, hostsText(given));
      child.signal('SIGHUP');
    },
    async dispose() {
      child.signal('SIGTERM');
      await child.exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
