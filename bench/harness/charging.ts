// A CDF and Ralf as processes of their own, and the records that a CDF wrote, for accept.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Child, startChild, until } from './children.js';
import { freePort } from './ports.js';
import { API_KEY, cleanEnv, DOMAIN } from './product.js';
import { inRepository } from './root.js';

const READY_MS_MAX = 120_000;
const SAID_MS_MAX = 20_000;

export type RunningCdf = Readonly<{ child: Child; file: string }>;

/** At an address of its own; on the same folder it knows what it took before. `result`: it takes nothing, and answers this Result-Code. */
export const startCdf = async (
  listen: string,
  host: string,
  folder: string,
  result?: number,
): Promise<RunningCdf> => {
  const main = inRepository('dist/apps/cdf/src/main.js');
  const refusing = result === undefined ? [] : ['--result', String(result)];
  const args = [main, '--listen', listen, '--host', host, '--out', folder, ...refusing];
  const child = startChild(process.execPath, args);
  await until(`${host} to listen`, SAID_MS_MAX, () => {
    if (child.ended) throw new Error(`the CDF ended: ${child.output()}`);
    return child.output().includes('CDF ') ? true : undefined;
  });
  return { child, file: path.join(folder, 'cdr.jsonl') };
};

export type RunningRalf = Readonly<{ child: Child; url: string; managementUrl: string }>;

/** Starts it on free ports; resolves when it is ready. */
export const startRalf = async (dataDir: string, env: NodeJS.ProcessEnv): Promise<RunningRalf> => {
  const [port, management] = [await freePort(), await freePort()];
  const child = startChild(process.execPath, [inRepository('dist/apps/ralf/src/main.js')], {
    env: {
      ...cleanEnv(),
      HOME_DOMAIN: DOMAIN,
      LOG_LEVEL: 'warn',
      API_KEYS: API_KEY,
      DATA_DIR: dataDir,
      RALF_PORT: String(port),
      MANAGEMENT_PORT: String(management),
      ...env,
    },
  });
  const managementUrl = `http://127.0.0.1:${management}`;
  await until('Ralf to be ready', READY_MS_MAX, async () => {
    if (child.ended) throw new Error(`Ralf ended: ${child.output()}`);
    const answer = await fetch(`${managementUrl}/healthz`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return { child, url: `http://127.0.0.1:${port}`, managementUrl };
};

export const endChild = async (child: Child, signal: NodeJS.Signals): Promise<void> => {
  if (child.ended) return;
  child.signal(signal);
  await child.exit;
};

/** Streams with records that wait; undefined: it does not answer. */
export const waitingAt = async ({ managementUrl }: RunningRalf): Promise<number | undefined> => {
  const answer = await fetch(`${managementUrl}/metrics`).catch(() => undefined);
  const [, count] = /^ralf_sessions_waiting\{[^}]*\} (\d+)/m.exec((await answer?.text()) ?? '') ?? [];
  return count === undefined ? undefined : Number(count);
};

export type WrittenRecord = Readonly<{
  receivedAt: string;
  duplicate: boolean;
  retransmitted: boolean;
  sessionId: string;
  recordType: 'EVENT' | 'START' | 'INTERIM' | 'STOP';
  recordNumber: number;
  userName?: string;
  avps: Readonly<{ 'Service-Information'?: { 'IMS-Information'?: { 'User-Session-Id'?: string } } }>;
}>;

/** Call-ID of the call that it is of. */
export const callIdOf = ({ avps }: WrittenRecord): string =>
  avps['Service-Information']?.['IMS-Information']?.['User-Session-Id'] ?? '';

export const recordsIn = (file: string): readonly WrittenRecord[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as WrittenRecord)
    : [];
