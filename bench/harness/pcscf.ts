// Kamailio as a P-CSCF in Bono's place: bench/kamailio/pcscf.cfg with Debian's ims_registrar_pcscf, on an address of loopback of its own.
// Used by accept.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeTables } from './kamailio.js';
import { type Child, sleep, startChild, until } from './children.js';
import { freePort } from './ports.js';
import { DOMAIN, type Product } from './product.js';
import { inRepository } from './root.js';

const BINARY = '/usr/sbin/kamailio';
const MODULE = 'ims_registrar_pcscf.so';
const MODULE_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu/kamailio/modules',
  '/usr/lib/aarch64-linux-gnu/kamailio/modules',
];
/** Who is a P-CSCF is told by its address. */
export const PCSCF_HOST = '127.0.7.1';
const START_MS_MAX = 15_000;
const STOP_MS_MAX = 5_000;

export interface Pcscf {
  readonly host: string;
  readonly port: number;
  output(): string;
  alive(): boolean;
  dispose(): Promise<void>;
}

const requireKamailio = (): void => {
  const isThere = MODULE_FOLDERS.some((folder) => existsSync(path.join(folder, MODULE)));
  if (!existsSync(BINARY) || !isThere)
    throw new Error(
      'Kamailio with ims_registrar_pcscf is not installed: apt-get install kamailio kamailio-ims-modules kamailio-presence-modules',
    );
};

export const startPcscf = async ({ ports }: Product): Promise<Pcscf> => {
  requireKamailio();
  const folder = mkdtempSync(path.join(tmpdir(), 'pcscf-'));
  const port = await freePort();
  const values: Readonly<Record<string, string>> = {
    HOST: PCSCF_HOST,
    PORT: String(port),
    DOMAIN,
    ICSCF: `127.0.0.1:${ports.ICSCF_PORT}`,
    SCSCF: `127.0.0.1:${ports.SCSCF_PORT}`,
    DATABASE: path.join(folder, 'pua.db'),
    DEBUG: process.env['PCSCF_DEBUG'] ?? '1',
  };
  makeTables(values['DATABASE']!, ['standard', 'presence']);
  const configuration = path.join(folder, 'pcscf.cfg');
  const text = readFileSync(inRepository('bench/kamailio/pcscf.cfg'), 'utf8');
  writeFileSync(
    configuration,
    text.replace(/@([A-Z]+)@/g, (all, name: string) => values[name] ?? all),
  );
  const child: Child = startChild(
    BINARY,
    ['-DD', '-E', '-f', configuration, '-m', '64', '-M', '8', '-Y', folder],
    {
      cwd: folder,
    },
  );
  const dispose = async (): Promise<void> => {
    child.signal('SIGTERM');
    await Promise.race([child.exit, sleep(STOP_MS_MAX)]);
    if (!child.ended) child.signal('SIGKILL');
    await child.exit;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until('Kamailio to run', START_MS_MAX, () => {
      if (child.ended) throw new Error(`Kamailio exited:\n${child.output()}`);
      return existsSync(path.join(folder, 'kamailio_ctl')) || /INFO|NOTICE|Listening/.test(child.output())
        ? true
        : undefined;
    });
    await sleep(1_000);
    if (child.ended) throw new Error(`Kamailio exited:\n${child.output()}`);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { host: PCSCF_HOST, port, output: () => child.output(), alive: () => !child.ended, dispose };
};
