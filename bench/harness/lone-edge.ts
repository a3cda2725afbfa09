// Bono alone as a process, in front of routers that a test plays: on free ports, with a DATA_DIR of its own. Used by accept.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sleep, startChild, until } from './children.js';
import { freePort } from './ports.js';
import { API_KEY, cleanEnv, DOMAIN } from './product.js';
import { inRepository } from './root.js';

const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 12_000;
const PORTS = [
  'BONO_PORT',
  'BONO_WS_PORT',
  'BONO_TLS_PORT',
  'BONO_WSS_PORT',
  'BONO_TRUSTED_PORT',
  'MANAGEMENT_PORT',
] as const;

export interface LoneEdge {
  readonly ports: Readonly<Record<(typeof PORTS)[number], number>>;
  metrics(): Promise<string>;
  dispose(): Promise<void>;
}

export const startLoneEdge = async (env: Readonly<Record<string, string>>): Promise<LoneEdge> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'edge-'));
  const ports = {} as Record<(typeof PORTS)[number], number>;
  for (const name of PORTS) ports[name] = await freePort();
  const management = `http://127.0.0.1:${ports.MANAGEMENT_PORT}`;
  const child = startChild(process.execPath, [inRepository('dist/apps/bono/src/main.js')], {
    cwd: folder,
    env: {
      ...cleanEnv(),
      HOME_DOMAIN: DOMAIN,
      DATA_DIR: path.join(folder, 'data'),
      API_KEYS: API_KEY,
      LOG_LEVEL: 'warn',
      ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
      ...env,
    },
  });
  const dispose = async (): Promise<void> => {
    child.signal('SIGTERM');
    await Promise.race([child.exit, sleep(STOP_MS_MAX)]);
    if (!child.ended) child.signal('SIGKILL');
    await child.exit;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until('the edge to be ready', READY_MS_MAX, async () => {
      if (child.ended) throw new Error(`the edge exited:\n${child.output()}`);
      const answer = await fetch(`${management}/healthz`).catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  return { ports, metrics: async () => (await fetch(`${management}/metrics`)).text(), dispose };
};
