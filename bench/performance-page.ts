// Writes a profile into docs/performance.md, under its heading: the page shows what was measured, with machine and commit.
// Used by `npm run bench -- register --profile --write` and `call --profile --write`.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Machine } from './measure/machine.js';
import { inRepository } from './harness/root.js';
import type { ProfileSummary } from './profile.js';

export const PROFILE_HEADINGS = {
  register: '### Profile of a registration',
  call: '### Profile of a call',
} as const;
export type ProfiledBench = keyof typeof PROFILE_HEADINGS;

const PARTS_SHOWN = 12;
const FUNCTIONS_SHOWN = 20;

const page = (): string => inRepository('docs/performance.md');

/** The text between a heading and the next one of the same or a higher rank. */
const section = (text: string, heading: string): Readonly<{ from: number; to: number }> | undefined => {
  const at = text.indexOf(`${heading}\n`);
  if (at < 0) return undefined;
  const from = at + heading.length + 1;
  const next = text.slice(from).search(/^#{1,3} /m);
  return { from, to: next < 0 ? text.length : from + next };
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('`', "'");

const render = (profile: ProfileSummary, cpuUsPerFlow: number, machine: Machine): string => {
  const parts = Object.entries(profile.parts).slice(0, PARTS_SHOWN);
  const functions = profile.functions.slice(0, FUNCTIONS_SHOWN);
  return [
    '',
    `${cpuUsPerFlow} µs a flow without the profiler; ${machine.cpu}, load ${machine.load}, commit ${machine.commit}. Share of the main thread's busy time:`,
    '',
    '| part | % |',
    '|---|---|',
    ...parts.map(([name, percent]) => `| ${cell(name)} | ${percent} |`),
    '',
    '| function (← ours that led to it) | % |',
    '|---|---|',
    ...functions.map(({ name, percent }) => `| \`${cell(name)}\` | ${percent} |`),
    '',
    '',
  ].join('\n');
};

export const writeProfile = (
  bench: ProfiledBench,
  profile: ProfileSummary,
  cpuUsPerFlow: number,
  machine: Machine,
): void => {
  const text = readFileSync(page(), 'utf8');
  const found = section(text, PROFILE_HEADINGS[bench]);
  if (!found) throw new Error(`docs/performance.md has no '${PROFILE_HEADINGS[bench]}'`);
  writeFileSync(
    page(),
    text.slice(0, found.from) + render(profile, cpuUsPerFlow, machine) + text.slice(found.to),
  );
};

/** Whether the page holds a profile under the bench's heading, not only the heading. */
export const hasProfile = (bench: ProfiledBench): boolean => {
  const text = readFileSync(page(), 'utf8');
  const found = section(text, PROFILE_HEADINGS[bench]);
  return found !== undefined && text.slice(found.from, found.to).includes('| part | % |');
};
