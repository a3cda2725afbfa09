// Debian's stunnel in front of the product's TLS port, for loads that speak TCP only: SIPp as Debian has it knows no TLS. What it costs is not the
// product's. Used by bench.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Child, startChild, until } from './children.js';
import { freePort } from './ports.js';

const BINARIES = ['/usr/bin/stunnel4', '/usr/bin/stunnel', '/opt/homebrew/bin/stunnel'];
const READY_MS_MAX = 10_000;

export interface Stunnel {
  /** `127.0.0.1:<port>`, TCP. */
  readonly target: string;
  dispose(): Promise<void>;
}

const accepts = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });

export const startStunnel = async (
  tlsPort: number,
  certificateFile: string,
  cpus?: string,
): Promise<Stunnel> => {
  const binary = BINARIES.find((file) => existsSync(file));
  if (binary === undefined) throw new Error('stunnel is not installed: apt-get install stunnel4');
  const folder = mkdtempSync(path.join(tmpdir(), 'stunnel-'));
  const port = await freePort();
  const file = path.join(folder, 'stunnel.conf');
  const lines = [
    'foreground = yes',
    'pid =',
    'debug = err',
    '[sip]',
    'client = yes',
    `accept = 127.0.0.1:${port}`,
    `connect = 127.0.0.1:${tlsPort}`,
    `CAfile = ${certificateFile}`,
    'verifyPeer = yes',
    'TIMEOUTclose = 0',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child: Child = startChild(binary, [file], { cwd: folder, cpus });
  const dispose = async (): Promise<void> => {
    child.signal('SIGTERM');
    await child.exit;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until('stunnel to listen', READY_MS_MAX, () => {
      if (child.ended) throw new Error(`stunnel exited: ${child.output()}`);
      return accepts(port);
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  return { target: `127.0.0.1:${port}`, dispose };
};
