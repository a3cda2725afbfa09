// Prometheus (of the machine's packages) with the alarms that are shipped, docker/prometheus/alarms.yml as it is, looking at processes that come and go. Only how
// long a condition has to last may be shortened, by one factor for all alarms. Used by alarms.ts.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endChild } from '../harness/charging.js';
import { type Child, startChild, until } from '../harness/children.js';
import { freePort } from '../harness/ports.js';
import { inRepository } from '../harness/root.js';

const READY_MS_MAX = 30_000;
const SECOND_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000 };

export type Alarm = Readonly<{
  name: string;
  /** Page of the repository, as the alarm links it. */
  runbook: string;
  /** How long its condition has to last, in this run. */
  forMs: number;
}>;

export type Firing = Readonly<{ name: string; instance: string; summary: string; runbook: string }>;

export type Prometheus = Readonly<{
  alarms: readonly Alarm[];
  /** `host:port` of each management port that is looked at from now on. */
  look(targets: readonly string[]): void;
  firing(): Promise<readonly Firing[]>;
  stop(): Promise<void>;
}>;

/** The rules with each `for:` divided by `hurry`, and what they are. Pure. */
export const hurriedAlarms = (text: string, hurry: number): Readonly<{ text: string; alarms: readonly Alarm[] }> => {
  const alarms: Alarm[] = [];
  const shorter = text.replace(/^( +for: )(\d+)([sm])$/gm, (_all, before: string, count: string, unit: string) => {
    const forMs = Math.round((Number(count) * SECOND_MS[unit]!) / hurry);
    return `${before}${forMs}ms`;
  });
  for (const block of shorter.split(/^ +- alert: /m).slice(1)) {
    const [, name = ''] = /^(\w+)/.exec(block) ?? [];
    const [, runbook = ''] = /^ +runbook: (\S+)$/m.exec(block) ?? [];
    const [, forMs = ''] = /^ +for: (\d+)ms$/m.exec(block) ?? [];
    alarms.push({ name, runbook, forMs: Number(forMs) });
  }
  return { text: shorter, alarms };
}; // prettier-ignore

/** Throws with the way to install it when it is absent. */
const requirePrometheus = (): void => {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'ignore' });
  } catch (error) {
    throw new Error('Prometheus is not installed: apt-get install prometheus (Debian, Ubuntu)', { cause: error }); // prettier-ignore
  }
};

const CONFIG = `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [alarms.yml]
scrape_configs:
  - job_name: clearwater
    file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]
`;

type Alert = Readonly<{
  state: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
}>;

const firingAt = async (url: string): Promise<readonly Firing[]> => {
  const answer = await fetch(`${url}/api/v1/alerts`);
  const { data } = (await answer.json()) as { data: { alerts: readonly Alert[] } };
  return data.alerts
    .filter(({ state }) => state === 'firing')
    .map(({ labels, annotations }) => ({
      name: labels['alertname'] ?? '',
      instance: labels['instance'] ?? '',
      summary: annotations['summary'] ?? '',
      runbook: annotations['runbook'] ?? '',
    }));
};

export const startPrometheus = async (folder: string, hurry: number): Promise<Prometheus> => {
  requirePrometheus();
  const { text, alarms } = hurriedAlarms(readFileSync(inRepository('docker/prometheus/alarms.yml'), 'utf8'), hurry); // prettier-ignore
  writeFileSync(path.join(folder, 'alarms.yml'), text);
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(config, CONFIG);
  const look = (targets: readonly string[]): void =>
    writeFileSync(path.join(folder, 'targets.json'), JSON.stringify([{ targets }]));
  look([]);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const data = path.join(folder, 'prometheus');
  const child: Child = startChild('prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  await until('Prometheus to be ready', READY_MS_MAX, async () => {
    if (child.ended) throw new Error(`Prometheus ended: ${child.output().slice(-1_000)}`);
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return { alarms, look, firing: () => firingAt(url), stop: () => endChild(child, 'SIGTERM') };
};
