// A cluster on one machine as processes: started in order, watched, stopped as an operator would. Tests kill and restart single members.
// Used by main.ts, by the end-to-end tests and by bench.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Clock, loadKeyFile, makePrivateFolder } from '#libs/runtime';
import { type ClusterOptions, hostsText, type Member, planCluster } from './cluster-plan.js';

/** The first start makes a keyspace and topics. */
const READY_MS_MAX = 120_000;
const LOOK_MS = 100;
/** One that hangs is looked at again. */
const ANSWER_MS_MAX = 2_000;
/** A little more than a process takes to drain. */
const STOP_MS_MAX = 12_000;
const OUTPUT_SHOWN = 2_000;
/** Engines that have just been started refuse at first: the first member is started again, as an operator's supervisor would. */
const FIRST_STARTS_MAX = 3;

export type MemberEnded = Readonly<{ member: Member; ending: string; output: string }>;

export interface Cluster {
  readonly members: readonly Member[];
  member(name: string): Member;
  runs(name: string): boolean;
  /** Of the running process; throws when it does not run. */
  pid(name: string): number;
  /** Starts it; resolves when it is ready. Rejects with what it said when it ends instead. `programs`: of another build than the cluster's. */
  launch(name: string, programs?: string): Promise<void>;
  /** Resolves with the exit code, null after a signal. */
  end(name: string, signal: NodeJS.Signals): Promise<number | null>;
  /** SIGTERM to all, edges first; whoever is late is killed. True: all ended by themselves, with 0. */
  stop(): Promise<boolean>;
}

export type ClusterPorts = Readonly<{
  clock: Clock;
  /** The folder with the built programs, `dist`. */
  programs: string;
  /** Told when a member ends that nobody stopped. */
  onEnded?: (ended: MemberEnded) => void;
}>;

type Running = { child: ChildProcess; ended: Promise<number | null>; isStopping: boolean };

const isReady = async ({ managementUrl }: Member): Promise<boolean> => {
  try {
    return (
      (await fetch(`${managementUrl}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })).status === 200
    );
  } catch {
    return false;
  }
};

class LocalCluster implements Cluster {
  private readonly running = new Map<string, Running>();

  constructor(
    readonly members: readonly Member[],
    private readonly ports: ClusterPorts,
  ) {
    // Whatever ends this process: nobody would stop them after it.
    process.once('exit', () => {
      for (const { child } of this.running.values()) child.kill('SIGTERM');
    });
  }

  member(name: string): Member {
    const found = this.members.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  runs(name: string): boolean {
    return this.running.has(name);
  }

  pid(name: string): number {
    const pid = this.running.get(name)?.child.pid;
    if (pid === undefined) throw new Error(`${name} does not run`);
    return pid;
  }

  async launch(name: string, programs = this.ports.programs): Promise<void> {
    const member = this.member(name);
    const { clock } = this.ports;
    const running = this.spawn(member, programs);
    const { ended } = running;
    // Until it is ready its end is told by the rejection.
    running.isStopping = true;
    let isOver = false;
    void ended.then(() => (isOver = true));
    const startMs = clock.monotonicMs();
    while (!(await isReady(member))) {
      if (isOver || clock.monotonicMs() - startMs > READY_MS_MAX)
        throw new Error(`${name} is not ready: ${this.output(member)}`);
      await this.wait(LOOK_MS);
    }
    running.isStopping = false;
  }

  async end(name: string, signal: NodeJS.Signals): Promise<number | null> {
    const running = this.running.get(name);
    if (running === undefined) return null;
    running.isStopping = true;
    running.child.kill(signal);
    return running.ended;
  }

  async stop(): Promise<boolean> {
    // Who takes work from outside first, so that what is under way can end.
    const codes: (number | null)[] = [];
    for (const app of [
      'bono',
      'sprout',
      'ellis',
      'chronos',
      'ralf',
      'homer',
      'homestead',
      'homestead-prov',
      'projector',
      'rogers',
    ])
      codes.push(
        ...(await Promise.all(
          this.members
            .filter((member) => member.app === app && this.running.has(member.name))
            .map(({ name }) => this.endInTime(name)),
        )),
      );
    return codes.every((code) => code === 0);
  }

  private async endInTime(name: string): Promise<number | null> {
    const cancel = this.ports.clock.after(STOP_MS_MAX, () => void this.end(name, 'SIGKILL'));
    const code = await this.end(name, 'SIGTERM');
    cancel();
    return code;
  }

  private spawn(member: Member, programs: string): Running {
    makePrivateFolder(member.folder);
    const output = openSync(path.join(member.folder, 'output.log'), 'w', 0o600);
    const { NODE_OPTIONS: _options, ...inherited } = process.env;
    // A process group of its own: Ctrl-C is for the cluster, which stops its members in order.
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', path.join(programs, 'apps', member.app, 'src/main.js')],
      {
        env: { ...inherited, ...member.env },
        cwd: member.folder,
        stdio: ['ignore', output, output],
        detached: true,
      },
    );
    closeSync(output);
    const running: Running = {
      child,
      isStopping: false,
      ended: new Promise((resolve) => {
        child.once('error', () => resolve(null));
        child.once('exit', (code, signal) => {
          this.running.delete(member.name);
          if (!running.isStopping)
            this.ports.onEnded?.({ member, ending: String(signal ?? code), output: this.output(member) });
          resolve(code);
        });
      }),
    };
    this.running.set(member.name, running);
    return running;
  }

  private output({ folder }: Member): string {
    const file = path.join(folder, 'output.log');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-OUTPUT_SHOWN) : '';
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.ports.clock.after(ms, resolve));
  }
}

const launchFirst = async (cluster: Cluster, { name }: Member): Promise<void> => {
  for (let starts = 1; ; starts += 1)
    try {
      return await cluster.launch(name);
    } catch (error) {
      await cluster.end(name, 'SIGKILL');
      if (starts === FIRST_STARTS_MAX) throw error;
    }
};

/** Makes keys and names, starts all; resolves when they are ready. Nothing runs on when it rejects. */
export const startCluster = async (options: ClusterOptions, ports: ClusterPorts): Promise<Cluster> => {
  makePrivateFolder(options.folder);
  loadKeyFile(path.join(options.folder, 'master.key'), 'master key');
  loadKeyFile(path.join(options.folder, 'dialog.key'), 'dialog key');
  writeFileSync(path.join(options.folder, 'hosts'), hostsText(options.network, options));
  const members = planCluster(options);
  const cluster = new LocalCluster(members, ports);
  const [first, ...others] = members.filter(({ app }) => app !== 'rogers');
  try {
    // What all the others read and write by.
    for (const member of members) if (member.app === 'rogers') await launchFirst(cluster, member);
    if (first) await launchFirst(cluster, first);
    const started = await Promise.allSettled(others.map(({ name }) => cluster.launch(name)));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
};
