// The peer that figures are compared with: Kamailio, one worker on one core, the fast allocator, registrations in memory or
// written through to SQLite. Configuration: bench/kamailio/kamailio.cfg. Used by `bench -- peer-register | peer-call`.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Child, sleep, startChild } from './children.js';
import { freePort } from './ports.js';
import { cpuUsOf } from '../measure/process-tree.js';
import { DOMAIN } from './product.js';
import { inRepository } from './root.js';
import { PASSWORD } from './users.js';

const BINARIES = ['/usr/sbin/kamailio', '/usr/local/sbin/kamailio'];
const TABLES = '/usr/share/kamailio/db_sqlite';
const START_MS = 1500;
const STOP_MS_MAX = 5000;

export interface Peer {
  readonly pid: number;
  readonly port: number;
  cpuUs(): number;
  alive(): boolean;
  dispose(): Promise<void>;
}

/** Kamailio's own tables, in a new SQLite file. */
export const makeTables = (file: string, names: readonly string[]): void => {
  const database = new DatabaseSync(file);
  for (const name of names) {
    database.exec(readFileSync(path.join(TABLES, `${name}-create.sql`), 'utf8'));
  }
  database.close();
};

export type PeerOptions = Readonly<{ cpus?: string; sqlite?: boolean; tcp?: boolean }>;

export const startKamailio = async (options: PeerOptions = {}): Promise<Peer> => {
  const binary = BINARIES.find((file) => existsSync(file));
  if (binary === undefined)
    throw new Error('Kamailio is not installed: apt-get install kamailio kamailio-sqlite-modules');
  const folder = mkdtempSync(path.join(tmpdir(), 'kamailio-'));
  const database = path.join(folder, 'location.db');
  const port = await freePort();
  const values: Readonly<Record<string, string>> = {
    PORT: String(port),
    DOMAIN,
    PASSWORD,
    DATABASE: database,
  };
  const configuration = path.join(folder, 'kamailio.cfg');
  const text = readFileSync(inRepository('bench/kamailio/kamailio.cfg'), 'utf8');
  writeFileSync(
    configuration,
    text.replace(/@([A-Z]+)@/g, (_all, name: string) => values[name] ?? ''),
  );
  if (options.sqlite) makeTables(database, ['standard', 'usrloc']);
  const defines = [...(options.sqlite ? ['-A', 'DBMODE1'] : []), ...(options.tcp ? ['-A', 'TCP'] : [])];
  const child: Child = startChild(
    binary,
    [
      '-DD',
      '-E',
      '-f',
      configuration,
      '-m',
      '512',
      '-M',
      '16',
      ...defines,
      '-x',
      'fm',
      '-X',
      'fm',
      '-Y',
      folder,
    ],
    { cwd: folder, cpus: options.cpus },
  );
  await sleep(START_MS);
  if (child.ended) throw new Error(`Kamailio exited with ${await child.exit}:\n${child.output()}`);
  return {
    pid: child.pid,
    port,
    cpuUs: () => cpuUsOf(child.pid),
    alive: () => !child.ended,
    async dispose() {
      child.signal('SIGTERM');
      await Promise.race([child.exit, sleep(STOP_MS_MAX)]);
      if (!child.ended) child.signal('SIGKILL');
      await child.exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
