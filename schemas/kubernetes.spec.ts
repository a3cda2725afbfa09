// docker/kubernetes, held to Kubernetes' own schema, to the programs and variables that there are, and to itself: whatever one object names,
// another one has. kubernetes.json is of Kubernetes 1.33.1 (Apache-2.0), the definitions of these kinds without their descriptions.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { CORE_SCHEMA, loadAll } from 'js-yaml';

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, 'docker/kubernetes');
const read = (...parts: string[]): string => readFileSync(path.join(ROOT, ...parts), 'utf8');

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Properties = Readonly<Record<string, Json>>;
type Named = Readonly<{ name: string }>;
type Container = Named &
  Readonly<{
    args?: readonly string[];
    env?: readonly (Named & { value?: string })[];
    envFrom?: readonly object[];
    ports?: readonly (Named & { containerPort: number })[];
    volumeMounts?: readonly (Named & { mountPath: string })[];
    readinessProbe?: object;
    livenessProbe?: { httpGet: { path: string; port: string } };
    startupProbe?: object;
    resources?: Readonly<{ requests?: Properties; limits?: Properties }>;
    securityContext?: Properties;
  }>;
type Pod = Readonly<{
  containers: readonly Container[];
  volumes?: readonly Named[];
  terminationGracePeriodSeconds?: number;
  securityContext?: Properties;
}>;
type Labels = Readonly<Record<string, string>>;
type Resource = Readonly<{
  apiVersion: string;
  kind: string;
  metadata: Named & { namespace?: string; labels?: Labels };
  data?: Readonly<Record<string, string>>;
  spec?: Readonly<{
    replicas?: number;
    selector?: Labels & { matchLabels?: Labels };
    template?: { metadata: { labels: Labels }; spec: Pod };
    volumeClaimTemplates?: readonly { metadata: Named }[];
    ports?: readonly { port: number }[];
    serviceName?: string;
  }>;
}>;
type Kustomization = Readonly<{
  resources: readonly string[];
  patches?: readonly { path: string }[];
  replicas?: readonly (Named & { count: number })[];
}>;

const documents = <T>(...parts: string[]): readonly T[] =>
  loadAll(readFileSync(path.join(FOLDER, ...parts), 'utf8'), { schema: CORE_SCHEMA }) as T[];
const kustomizationOf = (folder: string): Kustomization =>
  documents<Kustomization>(folder, 'kustomization.yaml')[0]!;
const resourcesOf = (folder: string): readonly Resource[] =>
  kustomizationOf(folder).resources.flatMap((name) =>
    name.endsWith('.yaml') ? documents<Resource>(folder, name) : resourcesOf(path.join(folder, name)),
  );

const isObject = (value: Json | undefined): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A strategic merge as far as it is used here: objects by key, lists of named things by name, others as the patch has them. */
const merge = (base: Json | undefined, patch: Json): Json => {
  if (Array.isArray(base) && Array.isArray(patch) && patch.every((item: Json) => isObject(item) && 'name' in item)) {
    const nameOf = (item: Json): Json => (isObject(item) ? (item['name'] ?? null) : null);
    const [olds, news] = [base as readonly Json[], patch as readonly Json[]];
    const merged = olds.map((old) => {
      const change = news.find((item) => nameOf(item) === nameOf(old));
      return change === undefined ? old : merge(old, change);
    });
    return [...merged, ...news.filter((item) => !olds.some((old) => nameOf(old) === nameOf(item)))];
  }
  if (!isObject(base) || !isObject(patch)) return patch;
  return Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(patch)])].map((key) => [
      key,
      patch[key] === undefined ? base[key]! : merge(base[key], patch[key]),
    ]),
  );
}; // prettier-ignore

const isProgram = ({ metadata }: Resource): boolean => metadata.labels?.['clearwater/program'] === 'yes';
const patched = (resource: Resource, patch: Pick<Resource, 'spec'>): Resource =>
  ({
    ...resource,
    spec: merge(resource.spec as unknown as Json, patch.spec as unknown as Json),
  }) as unknown as Resource;

/** What an overlay gives, patches applied. */
const rendered = (overlay: string): readonly Resource[] => {
  const [common] = documents<Resource>('base', 'program.yaml');
  const patches = (kustomizationOf(overlay).patches ?? []).flatMap(({ path: file }) => documents<Resource>(overlay, file));
  return resourcesOf(overlay).map((resource) => {
    const whole = isProgram(resource) ? patched(resource, common!) : resource;
    return patches
      .filter(({ kind, metadata }) => kind === whole.kind && metadata.name === whole.metadata.name)
      .reduce((sum, patch) => merge(sum as unknown as Json, patch as unknown as Json) as unknown as Resource, whole);
  });
}; // prettier-ignore

const schema = JSON.parse(read('schemas', 'kubernetes.json')) as {
  kinds: Readonly<Record<string, string>>;
  definitions: Record<string, { properties?: object; additionalProperties?: unknown; type?: unknown }>;
};
/** As the server takes them: a word that it does not know is refused here, as by `kubectl --validate=strict`. */
for (const [name, definition] of Object.entries(schema.definitions)) {
  if (definition.properties) definition.additionalProperties ??= false;
  if (/\.(IntOrString|Quantity)$/.test(name)) definition.type = ['string', 'integer', 'number'];
}
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ $id: 'kubernetes', definitions: schema.definitions });
const violations = (resource: Resource): string => {
  const definition = schema.kinds[`${resource.apiVersion} ${resource.kind}`];
  if (definition === undefined) return `${resource.apiVersion} ${resource.kind} is not known`;
  const validate = ajv.getSchema(`kubernetes#/definitions/${definition}`);
  return validate?.(resource) === true ? '' : ajv.errorsText(validate?.errors);
};

const OVERLAYS = ['overlays/evaluation', 'overlays/production'] as const;
const base = resourcesOf('base');
const programs = rendered('overlays/production').filter(isProgram);
const podOf = ({ spec }: Resource): Pod => spec!.template!.spec;
const containerOf = (resource: Resource): Container => podOf(resource).containers[0]!;
const byKind = (resources: readonly Resource[], kind: string): readonly Resource[] => resources.filter((resource) => resource.kind === kind); // prettier-ignore
const fits = (selector: Labels, labels: Labels): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value); // prettier-ignore

describe.each(OVERLAYS)('%s', (overlay) => {
  const all = rendered(overlay);
  const workloads = all.filter(({ spec }) => spec?.template !== undefined);

  it.each(all.map((resource) => [`${resource.kind} ${resource.metadata.name}`, resource] as const))(
    '%s is as Kubernetes takes it',
    (_, resource) => {
      expect(violations(resource)).toBe('');
    },
  );

  it('has each object once', () => {
    const names = all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it('changes only what is there', () => {
    const { patches = [], replicas = [] } = kustomizationOf(overlay);
    const targets = patches.flatMap(({ path: file }) => documents<Resource>(overlay, file));
    const isThere = (name: string, kind?: string): boolean =>
      all.some(
        (resource) => resource.metadata.name === name && (kind === undefined || resource.kind === kind),
      );
    expect(targets.filter(({ kind, metadata }) => !isThere(metadata.name, kind))).toEqual([]);
    expect(replicas.filter(({ name }) => !isThere(name))).toEqual([]);
  });

  it('finds pods behind every service, every budget and every set’s name', () => {
    const labels = workloads.map(({ spec }) => spec!.template!.metadata.labels);
    const selected = [...byKind(all, 'Service'), ...byKind(all, 'PodDisruptionBudget')];
    const missed = selected.filter(({ spec }) => {
      const selector = spec?.selector?.matchLabels ?? spec?.selector ?? {};
      return !labels.some((one) => fits(selector, one));
    });
    expect(missed.map(({ metadata }) => metadata.name)).toEqual([]);
    const services = new Set(byKind(all, 'Service').map(({ metadata }) => metadata.name));
    for (const { spec } of byKind(workloads, 'StatefulSet')) expect(services).toContain(spec!.serviceName);
  });

  it('has a port in a pod for every port of a service', () => {
    for (const { metadata, spec } of byKind(all, 'Service')) {
      const pod = workloads.find((one) =>
        fits(spec!.selector as Labels, one.spec!.template!.metadata.labels),
      )!;
      const open = containerOf(pod).ports?.map(({ containerPort }) => containerPort);
      // Patches tell ports apart by their number alone: of two with one number kustomize drops one.
      expect(new Set(open).size).toBe(open?.length);
      for (const { port } of spec!.ports ?? [])
        expect([metadata.name, open]).toEqual([metadata.name, expect.arrayContaining([port])]);
    }
  });

  it('mounts what there is', () => {
    for (const workload of workloads) {
      const { volumes = [] } = podOf(workload);
      const there = new Set([...volumes, ...(workload.spec!.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)].map(({ name }) => name)); // prettier-ignore
      for (const { name } of containerOf(workload).volumeMounts ?? []) expect(there).toContain(name);
    }
  });
});

describe('the files', () => {
  it.each(['base', ...OVERLAYS])('%s lists all of its own', (folder) => {
    const { resources, patches = [] } = kustomizationOf(folder);
    const files = readdirSync(path.join(FOLDER, folder)).filter((file) => file.endsWith('.yaml'));
    const listed = [
      ...resources.filter((name) => name.endsWith('.yaml')),
      ...patches.map(({ path: file }) => file),
    ];
    expect(files.filter((file) => file !== 'kustomization.yaml').sort()).toEqual([...new Set(listed)].sort());
  });

  it('would not pass with a word that Kubernetes does not know', () => {
    const [deployment] = byKind(base, 'Deployment');
    const wrong = { ...deployment!, spec: { ...deployment!.spec, replica: 2 } } as Resource;
    expect(violations(wrong)).toContain('additional');
  });
});

describe('the programs', () => {
  /** A command line, tests' peers, what starts processes itself, the core as one process, and applications, which carriers write themselves. */
  const NOT_THERE = new Set([
    'history',
    'cluster',
    'demo',
    'clearwater',
    'hss',
    'cdf',
    'call-list',
    'twinning',
  ]);
  const apps = readdirSync(path.join(ROOT, 'apps')).filter(
    (app) => existsSync(path.join(ROOT, 'apps', app, 'src/main.ts')) && !NOT_THERE.has(app),
  );

  it('are all there', () => {
    expect(programs.map(({ metadata }) => metadata.name).sort()).toEqual(apps.sort());
  });

  it.each(programs.map((program) => [program.metadata.name, program] as const))('%s', (name, program) => {
    const container = containerOf(program);
    expect(container.args).toEqual([`dist/apps/${name}/src/main.js`]);
    expect(container.ports).toContainEqual({ name: 'management', containerPort: 9886 });
    // Whose loop runs is alive: an engine that is away must not start it again.
    expect(container.livenessProbe?.httpGet.path).toBe('/ping');
    expect([container.readinessProbe, container.startupProbe]).not.toContain(undefined);
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    });
    expect(container.resources?.requests).toHaveProperty('cpu');
    expect(container.resources?.limits).toHaveProperty('memory');
    expect(podOf(program)).toMatchObject({
      terminationGracePeriodSeconds: 30,
      securityContext: { runAsNonRoot: true },
    });
    expect(container.volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' });
    const budgets = byKind(base, 'PodDisruptionBudget').filter(({ spec }) => fits(spec!.selector!.matchLabels!, program.spec!.template!.metadata.labels)); // prettier-ignore
    expect(budgets).toHaveLength(program.spec?.replicas === 1 ? 0 : 1);
  });

  it('take variables that there are', () => {
    const known = new Set(
      [...read('docs', 'configuration.md').matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, name]) => name),
    );
    const named = OVERLAYS.flatMap((overlay) => [
      ...programs.flatMap((program) => containerOf(program).env?.map(({ name }) => name) ?? []),
      ...byKind(rendered(overlay), 'ConfigMap').flatMap(({ data = {} }) => Object.keys(data)),
    ]);
    expect(named.filter((name) => name !== 'POD_IP' && !known.has(name))).toEqual([]);
  });

  it('name neighbours that are services here', () => {
    const { data = {} } = byKind(base, 'ConfigMap')[0]!;
    const services = new Map(byKind(base, 'Service').map(({ metadata, spec }) => [metadata.name, spec!.ports!.map(({ port }) => port)])); // prettier-ignore
    const urls = Object.values(data).flatMap((value) => [...value.matchAll(/http:\/\/([a-z-]+):(\d+)/g)]);
    for (const [, host = '', port] of urls)
      if (host !== 'etcd') expect([host, services.get(host)]).toEqual([host, expect.arrayContaining([Number(port)])]); // prettier-ignore
    expect(urls.length).toBeGreaterThan(4);
    for (const name of [
      ...(data['MEMCACHED_SERVERS'] ?? '').split(','),
      ...(data['ROGERS_SERVERS'] ?? '').split(','),
    ]) {
      const [, set = '', number = ''] = /^([a-z]+)-(\d+)\.\1:\d+$/.exec(name)
        ? [name, ...name.split(/-|\./)]
        : [];
      expect(Number(number)).toBeLessThan(base.find((one) => one.kind === 'StatefulSet' && one.metadata.name === set)?.spec?.replicas ?? 0); // prettier-ignore
    }
  });
});
