// Kamailio's I-CSCF with its cdp as a Cx client of our HSS, both as processes: SIP goes in, and what the HSS was asked and answered comes
// out. Used by accept 6.2.
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Child, startChild, until } from '../../harness/children.js';
import { freePort } from '../../harness/ports.js';
import { cleanEnv } from '../../harness/product.js';
import { inRepository } from '../../harness/root.js';

const BINARY = '/usr/sbin/kamailio';
const READY_MS_MAX = 30_000;
const ANSWER_MS_MAX = 10_000;
export const SCSCF = 'sip:scscf.ims.test:5054';

/** As db_text has them: a colon is written with a backslash. */
const TABLES: Readonly<Record<string, string>> = {
  version: 'table_name(string) table_version(int)\ns_cscf:6\ns_cscf_capabilities:6\nnds_trusted_domains:6\n',
  s_cscf: `id(int) name(string) s_cscf_uri(string)\n1:first:${SCSCF.replaceAll(':', '\\:')}\n`,
  s_cscf_capabilities: 'id(int) id_s_cscf(int) capability(int)\n1:1:0\n',
  nds_trusted_domains: 'id(int) trusted_domain(string)\n1:ims.test\n',
};

/** As the HSS prints it: a result of the base, or one of 3GPP with its vendor. */
export type HssResult = number | Readonly<Record<string, number>>;

export interface ForeignIcscf {
  /** Status line of the final answer. */
  ask(method: 'REGISTER' | 'INVITE', user: string): Promise<string>;
  /** What the HSS printed of each request. */
  asked(): readonly Readonly<{ command: string; result: HssResult }>[];
  dispose(): Promise<void>;
}

const requestOf = (method: string, user: string, port: number): string =>
  [
    `${method} sip:${method === 'REGISTER' ? 'ims.test' : `${user}@ims.test`} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${port}${method};rport`,
    'Max-Forwards: 70',
    'From: <sip:alice@ims.test>;tag=1',
    `To: <sip:${user}@ims.test>`,
    `Call-ID: ${port}@127.0.0.1`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:${user}@127.0.0.1:${port}>`,
    'P-Visited-Network-ID: ims.test',
    `Authorization: Digest username="${user}@ims.test",realm="ims.test",nonce="",uri="sip:ims.test",response=""`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');

const askAt = (sipPort: number, method: string, user: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (line: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(line);
    };
    const timer = setTimeout(() => end('no answer'), ANSWER_MS_MAX);
    socket.on('message', (data) => {
      const [line = ''] = data.toString().split('\r\n', 1);
      if (!line.startsWith('SIP/2.0 1')) end(line);
    });
    socket.bind(0, '127.0.0.1', () =>
      socket.send(requestOf(method, user, socket.address().port), sipPort, '127.0.0.1'),
    );
  });

const writeConfiguration = (folder: string, values: Readonly<Record<string, string>>): void => {
  for (const [from, to] of [
    ['icscf.cfg', 'icscf.cfg'],
    ['icscf-cdp.xml', 'cdp.xml'],
  ] as const) {
    const text = readFileSync(inRepository('bench/kamailio', from), 'utf8');
    writeFileSync(
      path.join(folder, to),
      text.replace(/@([A-Z]+)@/g, (_all, name: string) => values[name] ?? ''),
    );
  }
  for (const [name, rows] of Object.entries(TABLES)) writeFileSync(path.join(folder, name), rows);
  const subscribers =
    'public_id,private_id,realm,password\nsip:alice@ims.test,alice@ims.test,ims.test,secret\n';
  writeFileSync(path.join(folder, 'subscribers.csv'), subscribers);
};

/** Starts both; resolves when they are connected. */
export const startForeignIcscf = async (): Promise<ForeignIcscf> => {
  if (!existsSync(BINARY))
    throw new Error('Kamailio is not installed: apt-get install kamailio kamailio-ims-modules');
  const folder = mkdtempSync(path.join(tmpdir(), 'icscf-'));
  const [port, hssPort, acceptor] = [await freePort(), await freePort(), await freePort()];
  const values = { PORT: String(port), HSS: String(hssPort), ACCEPTOR: String(acceptor), FOLDER: folder };
  writeConfiguration(folder, values);
  const main = inRepository('dist/apps/hss/src/main.js');
  // It finds its peer by the name that the peer says.
  const at = ['--listen', `127.0.0.1:${hssPort}`, '--host', 'localhost'];
  const hss = startChild(
    process.execPath,
    [main, ...at, '--subscribers', path.join(folder, 'subscribers.csv')],
    {
      env: cleanEnv(),
    },
  );
  const kamailio = startChild(BINARY, ['-f', path.join(folder, 'icscf.cfg'), '-DD', '-E', '-w', folder]);
  const started: readonly Child[] = [kamailio, hss];
  const dispose = async (): Promise<void> => {
    for (const child of started) if (!child.ended) child.signal('SIGTERM');
    await Promise.all(started.map(({ exit }) => exit));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until('Kamailio to reach the HSS', READY_MS_MAX, () => {
      const ended = started.find((child) => child.ended);
      if (ended) throw new Error(`it ended: ${ended.output()}`);
      return /icscf\.ims\.test: open/.test(hss.output()) ? true : undefined;
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    ask: (method, user) => askAt(port, method, user),
    asked: () =>
      hss
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as ReturnType<ForeignIcscf['asked']>[number]),
    dispose,
  };
};
