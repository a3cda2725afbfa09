// Rogers as a process of its own over real memcached servers, and a plain client of it, for bench and accept.
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { MetaReplyReader, metaFlag } from '#libs/memcached-protocol';
import { type Child, startChild, until } from '../harness/children.js';
import { freePort } from '../harness/ports.js';
import { cleanEnv } from '../harness/product.js';
import { inRepository } from '../harness/root.js';

const READY_MS_MAX = 60_000;
const ANSWER_MS_MAX = 2_000;

export type RunningRogers = Readonly<{ child: Child; port: number; managementUrl: string }>;

/** Starts it on free ports; resolves when it knows where each vbucket is. */
export const startRogers = async (
  servers: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv = {},
): Promise<RunningRogers> => {
  const [port, management] = [await freePort(), await freePort()];
  const child = startChild(process.execPath, [inRepository('dist/apps/rogers/src/main.js')], {
    env: {
      ...cleanEnv(),
      LOG_LEVEL: 'warn',
      DATA_DIR: path.join(folder, `rogers-${port}`),
      ROGERS_PORT: String(port),
      ROGERS_SERVERS: servers.join(','),
      MANAGEMENT_PORT: String(management),
      ...env,
    },
  });
  const managementUrl = `http://127.0.0.1:${management}`;
  await until('Rogers to be ready', READY_MS_MAX, async () => {
    if (child.ended) throw new Error(`Rogers ended: ${child.output()}`);
    const answer = await fetch(`${managementUrl}/healthz`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return { child, port, managementUrl };
};

export const stopRogers = async ({ child }: RunningRogers): Promise<void> => {
  if (child.ended) return;
  child.signal('SIGTERM');
  await child.exit;
};

/** A figure of its metrics; NaN where it is not there. */
export const metricOf = async (
  { managementUrl }: Pick<RunningRogers, 'managementUrl'>,
  name: string,
): Promise<number> => {
  const answer = await fetch(`${managementUrl}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  const text = await answer.text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);
};

/** Meta commands over one connection; answers come in order. */
export class MetaClient {
  private readonly waiting: ((line: string, value: Buffer | undefined) => void)[] = [];
  private readonly reader = new MetaReplyReader((line, value) => this.waiting.shift()?.(line, value));

  private constructor(private readonly socket: Socket) {
    socket.on('data', (bytes) => {
      if (!this.reader.push(bytes)) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const tell of this.waiting.splice(0)) tell('SERVER_ERROR connection lost', undefined);
    });
  }

  static open(port: number): Promise<MetaClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new MetaClient(socket)));
    });
  }

  /** The first word of the answer, its value, and the number for compare-and-set where `c` was asked for. */
  send(command: string): Promise<Readonly<{ code: string; cas: string; value: Buffer | undefined }>> {
    return new Promise((resolve) => {
      this.waiting.push((line, value) => resolve({ code: line.split(' ', 1)[0] ?? '', cas: metaFlag(line, 'c') ?? '', value }));
      if (this.socket.destroyed) this.waiting.pop()?.('SERVER_ERROR connection lost', undefined);
      else this.socket.write(command, 'latin1');
    });
  } // prettier-ignore

  close(): void {
    this.socket.destroy();
  }
}
