// What docker/ says, held to the Compose Specification, to the programs and variables that there are, and to their metrics.
// compose-spec.json is the specification's own schema (compose-go 2.16.2, Apache-2.0), as published.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
import { isMetric, metricsIn } from './metric-names.fixture.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const read = (...parts: string[]): string => readFileSync(path.join(ROOT, ...parts), 'utf8');

type Service = Readonly<{
  image?: string;
  build?: object;
  command?: readonly string[];
  environment?: Readonly<Record<string, unknown>>;
  volumes?: readonly string[];
  read_only?: boolean;
  user?: string;
  depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  extends?: Readonly<{ file: string; service: string }>;
  healthcheck?: object;
}>;
type Compose = Readonly<{
  services: Readonly<Record<string, Service>>;
  volumes: Readonly<Record<string, unknown>>;
}>;

/** With merge keys, as Compose reads them. */
const yaml = (...parts: string[]): unknown =>
  load(read(...parts), { schema: CORE_SCHEMA.withTags(mergeTag) });

const FILES = ['compose.yml', 'compose.deps.yml'] as const;
const full = yaml('docker', 'compose.yml') as Compose;
const deps = yaml('docker', 'compose.deps.yml') as Compose;
const ours = Object.entries(full.services).filter(([, service]) => service.build !== undefined);

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
const validate = ajv.compile(JSON.parse(read('schemas', 'compose-spec.json')) as object);
const violations = (compose: unknown): string => (validate(compose) ? '' : ajv.errorsText(validate.errors));

describe('the files of Compose', () => {
  it.each(FILES)('%s is as the specification says', (file) => {
    expect(violations(yaml('docker', file))).toBe('');
  });

  it('would not be, with a word that Compose does not know', () => {
    expect(violations({ services: { a: { image: 'b', helthcheck: {} } } })).not.toBe('');
  });

  it('have each engine once: the full file takes it from the other', () => {
    for (const [name, service] of Object.entries(deps.services)) {
      expect(full.services[name]?.extends).toEqual({ file: 'compose.deps.yml', service: name });
      for (const volume of service.volumes ?? [])
        expect(full.volumes).toHaveProperty(volume.split(':')[0] ?? '');
    }
  });
});

describe('the programs', () => {
  /** Command lines, and what starts processes itself. */
  const NOT_SERVED = new Set(['history', 'cluster', 'demo']);
  const apps = readdirSync(path.join(ROOT, 'apps')).filter((app) =>
    existsSync(path.join(ROOT, 'apps', app, 'src/main.ts')),
  );

  it('are all there', () => {
    expect(ours.map(([name]) => name).sort()).toEqual(apps.filter((app) => !NOT_SERVED.has(app)).sort());
  });

  it.each(ours)('%s runs its own main.ts, without rights and on a read-only file system', (name, service) => {
    const { command = ['dist/apps/clearwater/src/main.js'] } = service;
    expect(command[0]).toBe(`dist/apps/${name}/src/main.js`);
    expect([service.read_only, service.user]).toEqual([true, 'node']);
  });

  it('take variables that there are', () => {
    const known = new Set(
      [...read('docs', 'configuration.md').matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, name]) => name),
    );
    const named = ours.flatMap(([, { environment = {} }]) => Object.keys(environment));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    expect(known.size).toBeGreaterThan(50);
  });
});

describe('the image', () => {
  const dockerfile = read('docker', 'Dockerfile');

  it('is built in stages, runs as a user without rights, and says how it is', () => {
    expect(dockerfile.match(/^FROM /gm)).toHaveLength(2);
    for (const line of ['USER node', 'HEALTHCHECK ', 'STOPSIGNAL SIGTERM'])
      expect(dockerfile).toContain(`\n${line}`);
  });
});

describe('what is watched', () => {
  const dashboard = JSON.parse(read('docker', 'grafana/dashboards/clearwater.json')) as {
    panels: readonly { targets: readonly { expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  it('are metrics that the programs have', () => {
    const used = metricsIn(expressions);
    expect(used.filter((name) => !isMetric(name))).toEqual([]);
    expect(used.length).toBeGreaterThan(15);
  });

  it('is asked of every program with a management port', () => {
    const { scrape_configs: [job] = [] } = yaml('docker', 'prometheus/prometheus.yml') as {
      scrape_configs?: readonly { dns_sd_configs: readonly { names: readonly string[] }[] }[];
    };
    const asked = job?.dns_sd_configs.flatMap(({ names }) => names) ?? [];
    const diameter = new Set(['hss', 'cdf']);
    expect([...asked].sort()).toEqual(
      ours
        .map(([name]) => name)
        .filter((name) => !diameter.has(name))
        .sort(),
    );
  });
});
