// Our HSS as a child process, its subscribers in a file that a test may change, commands typed at it: for end-to-end tests of HSS mode.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './running-product.js';

const MAIN = path.resolve(import.meta.dirname, '../../../dist/apps/hss/src/main.js');
const TOLD_MS_MAX = 10_000;

export type HssSubscriber = Readonly<{
  impi: string;
  impus: readonly string[];
  password?: string;
  aka?: Readonly<{ k: string; opc: string }>;
  filterCriteria?: string;
}>;

export class RunningHss {
  #child: ChildProcess | undefined;
  #told = '';
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'hss-e2e-'));

  private constructor(readonly port: number) {}

  static async start(subscribers: readonly HssSubscriber[]): Promise<RunningHss> {
    const hss = new RunningHss(await freePort());
    hss.write(subscribers);
    await hss.launch();
    return hss;
  }

  get peer(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The file; `reload` takes it. */
  write(subscribers: readonly HssSubscriber[]): void {
    writeFileSync(path.join(this.folder, 'subscribers.json'), JSON.stringify(subscribers));
  }

  /** On the same port; it knows nobody's state. */
  async launch(): Promise<void> {
    const args = ['--listen', this.peer, '--subscribers', path.join(this.folder, 'subscribers.json'), '-q'];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
    child.stderr.on('data', (bytes: Buffer) => (this.#told += bytes.toString()));
    this.#child = child;
    await this.hears('subscribers');
  }

  /** Types a command; resolves with what it says to that. */
  async type(command: string, expected: string): Promise<string> {
    this.#told = '';
    this.#child?.stdin?.write(`${command}\n`);
    return this.hears(expected);
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    this.#told = '';
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  }

  async close(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async hears(expected: string): Promise<string> {
    const untilMs = performance.now() + TOLD_MS_MAX;
    while (!this.#told.includes(expected)) {
      if (performance.now() > untilMs) throw new Error(`the HSS did not say “${expected}”: ${this.#told}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.#told;
  }
}
