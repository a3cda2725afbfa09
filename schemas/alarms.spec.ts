// docker/prometheus/alarms.yml: each alarm asks for metrics that there are, says how grave it is, and has a page that tells what to do.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CORE_SCHEMA, load } from 'js-yaml';
import { isMetric, metricsIn } from './metric-names.fixture.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const RUNBOOK = 'docs/runbook';

type Alarm = Readonly<{
  alert: string;
  expr: string;
  for: string;
  labels: Readonly<{ severity: string }>;
  annotations: Readonly<{ summary: string; runbook: string }>;
}>;

const { groups } = load(readFileSync(path.join(ROOT, 'docker/prometheus/alarms.yml'), 'utf8'), {
  schema: CORE_SCHEMA,
}) as { groups: readonly { name: string; rules: readonly Alarm[] }[] };
const alarms = groups.flatMap(({ rules }) => rules);
const pageOf = ({ annotations }: Alarm): string => readFileSync(path.join(ROOT, annotations.runbook), 'utf8');

/** Prometheus' own: whether a process answers. */
const NOT_OURS = new Set(['up']);

it.each(alarms.map((alarm) => [alarm.alert, alarm] as const))('%s', (name, alarm) => {
  const asked = metricsIn([alarm.expr]).filter((metric) => !NOT_OURS.has(metric));
  expect(asked.filter((metric) => !isMetric(metric))).toEqual([]);
  expect(asked.length > 0 || /^up\b/.test(alarm.expr)).toBe(true);
  expect(alarm.for).toMatch(/^\d+[sm]$/);
  expect(['page', 'ticket']).toContain(alarm.labels.severity);
  expect(alarm.annotations.summary).not.toBe('');
  const page = pageOf(alarm);
  expect(page).toContain(`Alarm \`${name}\` (${alarm.labels.severity})`);
  for (const part of ['**It means.**', '**Users see**', '**Look at**', '**Do**'])
    expect(page).toContain(part);
});

it('is in the list, with a page of its own, and no page is of an alarm that is no more', () => {
  const list = readFileSync(path.join(ROOT, RUNBOOK, 'README.md'), 'utf8');
  for (const { alert, annotations } of alarms)
    expect(list).toContain(`| [${alert}](${path.basename(annotations.runbook)}) |`);
  const pages = readdirSync(path.join(ROOT, RUNBOOK)).filter((file) => file !== 'README.md');
  expect(pages.sort()).toEqual(alarms.map(({ annotations }) => path.basename(annotations.runbook)).sort());
  expect(new Set(alarms.map(({ alert }) => alert)).size).toBe(alarms.length);
});

it('names in its pages only what there is', () => {
  for (const alarm of alarms)
    for (const [, file = ''] of pageOf(alarm).matchAll(/\]\(([a-z-]+\.md)\)/g))
      expect([alarm.alert, existsSync(path.join(ROOT, RUNBOOK, file))]).toEqual([alarm.alert, true]);
});

it('would find a metric that nobody has', () => {
  expect(metricsIn(['rate(sprout_nonsense_total[1m]) > 0']).filter((name) => !isMetric(name))).toEqual([
    'sprout_nonsense_total',
  ]);
});

it('is loaded by Prometheus where Compose runs it', () => {
  const read = (file: string): string => readFileSync(path.join(ROOT, 'docker', file), 'utf8');
  expect(read('prometheus/prometheus.yml')).toContain("rule_files: ['/etc/prometheus/alarms.yml']");
  expect(read('compose.yml')).toContain('./prometheus/alarms.yml:/etc/prometheus/alarms.yml:ro');
});
