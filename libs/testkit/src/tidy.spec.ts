// The house rules over the whole tree: sizes, names, headers, imports, no ambient time, no silenced checks, no machine's paths.
// Overview: docs/architecture.md §9; exceptions with reasons are in tidy/exceptions.ts. Each rule is shown a planted offence below.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { EXCEPTIONS } from './tidy/exceptions.js';
import { importDoors, importPlaces } from './tidy/import-rules.js';
import {
  ambient,
  declaredNames,
  fileSize,
  functionSizes,
  header,
  isSpec,
  machinePaths,
  names,
  type Offence,
  parse,
  silencers,
} from './tidy/rules.js';
import { listFiles, readFiles, ROOT, type SourceFile } from './tidy/tree.js';

const paths = listFiles(ROOT);
const files = readFiles(ROOT, paths);
const code = files.filter((file) => /^(libs|apps|projections|schemas|bench)\/.*\.tsx?$/.test(file.path));

const used = new Set<number>();
const excepted = (offence: Offence): boolean => {
  const at = EXCEPTIONS.findIndex(
    ({ rule, path: where }) => rule === offence.rule && where.test(offence.path),
  );
  if (at >= 0) used.add(at);
  return at >= 0;
};
const shown = (offences: readonly Offence[]): string[] =>
  offences.filter((offence) => !excepted(offence)).map(({ path: at, line, what }) => `${at}:${line} ${what}`);

const judgeCode = (file: SourceFile): Offence[] => {
  const source = parse(file);
  return [
    ...fileSize(file),
    ...functionSizes(file, source),
    ...names(file),
    ...declaredNames(file, source),
    ...header(file),
    ...ambient(file, source),
    ...silencers(file),
    ...importPlaces(file, source),
    ...importDoors(file, source),
  ];
};

const planted = (at: string, text: string): string[] =>
  judgeCode({ path: at, text: text.startsWith('//') ? text : `// What.\n${text}` }).map(({ rule }) => rule);

describe('the tree', () => {
  const offences = code.flatMap(judgeCode);

  it.each([
    'file-size',
    'function-size',
    'name',
    'header',
    'ambient',
    'silencer',
    'import-place',
    'import-door',
  ])('keeps the rule %s', (rule) => {
    expect(shown(offences.filter((offence) => offence.rule === rule))).toEqual([]);
  });

  it('holds no path of one machine', () => {
    expect(shown(files.filter(({ path: at }) => at !== 'package-lock.json').flatMap(machinePaths))).toEqual(
      [],
    );
  });

  it('has no exception for a file that does not need it', () => {
    const unused = EXCEPTIONS.filter((_, i) => !used.has(i));
    expect(unused.filter(({ path: where }) => where.source.endsWith('\\.ts$'))).toEqual([]);
  });
});

describe('the layout', () => {
  const json = (file: string) =>
    JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as Record<string, unknown>;
  const folders = (top: string) => [
    ...new Set(
      paths
        .filter((file) => file.startsWith(`${top}/`) && file.split('/').length > 2)
        .map((file) => file.split('/')[1]),
    ),
  ];
  const projects = ['libs', 'projections', 'apps'].flatMap((top) =>
    folders(top).map((name) => `${top}/${name}`),
  );

  it('has these folders at the top and no other', () => {
    const tops = [...new Set(paths.filter((file) => file.includes('/')).map((file) => file.split('/')[0]))];
    expect(tops.sort()).toEqual(
      ['.ci', '.config', 'apps', 'bench', 'docker', 'docs', 'libs', 'projections', 'schemas'].sort(),
    );
  });

  it('builds every project with tsc and nest', () => {
    const { references } = json('tsconfig.json') as { references: { path: string }[] };
    expect(references.map((reference) => reference.path).sort()).toEqual(
      [...projects, 'bench', 'schemas'].sort(),
    );
    const nest = Object.values(json('nest-cli.json')['projects'] as Record<string, { root: string }>);
    expect(nest.map(({ root }) => root).sort()).toEqual([...projects].sort());
    for (const project of projects) {
      expect(paths).toContain(`${project}/tsconfig.json`);
      expect(paths).toContain(`${project}/tsconfig.${project.startsWith('apps/') ? 'app' : 'lib'}.json`);
    }
  });

  it('has one package.json', () => {
    expect(paths.filter((file) => file.endsWith('package.json'))).toEqual(['package.json']);
  });

  it.each(['apps', 'bench', 'docker', 'docs', 'libs', 'projections', 'schemas'])(
    'explains %s in forty lines',
    (top) => {
      const readme = files.find((file) => file.path === `${top}/README.md`);
      expect(readme?.path).toBe(`${top}/README.md`);
      expect(readme?.text.split('\n').length).toBeLessThanOrEqual(41);
    },
  );

  it('names in its pages only files that are there', () => {
    const pages = files.filter(({ path: at }) => /^(README|[a-z]+\/README|docs\/[a-z]+)\.md$/.test(at));
    const named = pages.flatMap(({ path: page, text }) =>
      [...text.matchAll(/[`(]((?:apps|libs|projections|schemas|bench|docs|docker)\/[\w./-]+)[`)]/g)].map(
        ([, at = '']) => ({ page, at }),
      ),
    );
    const there = ({ at }: { at: string }) =>
      paths.some((file) => file === at || file.startsWith(at.replace(/\/?$/, '/')));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((one) => !there(one))).toEqual([]);
  });

  it('keeps folders small enough to read', () => {
    const counts = new Map<string, number>();
    for (const { path: at } of code.filter((file) => !isSpec(file.path))) {
      counts.set(path.dirname(at), (counts.get(path.dirname(at)) ?? 0) + 1);
    }
    const most = (folder: string) => FOLDER_FILES_MAX_OF[folder] ?? FOLDER_FILES_MAX;
    expect([...counts].filter(([folder, count]) => count > most(folder))).toEqual([]);
  });
});

/** Twice the fifteen that are aimed at: beyond that a folder hides what is in it. */
const FOLDER_FILES_MAX = 30;
/** The engine is flat: one file a machine, a header or a rule of the RFC, found by its name. */
const FOLDER_FILES_MAX_OF: Readonly<Record<string, number>> = {};

describe('the rules themselves', () => {
  const long = (lines: number) => Array.from({ length: lines }, (_, i) => `  f(${i});`).join('\n');

  it.each([
    ['file-size', 'libs/x/src/a.ts', long(401)],
    ['function-size', 'libs/x/src/a.ts', `const f = () => {\n${long(70)}\n};`],
    ['name', 'libs/x/src/utils.ts', ''],
    ['name', 'libs/x/src/notKebab.ts', ''],
    ['name', 'apps/x/web/src/notKebab.tsx', ''],
    ['name', 'libs/x/src/a.ts', 'export class LogImpl {}'],
    ['name', 'libs/x/src/a.ts', 'export interface IEventLog {}'],
    ['ambient', 'libs/x/src/a.ts', 'const t = Date.now();'],
    ['ambient', 'libs/x/src/a.ts', 'const t = new Date();'],
    ['ambient', 'libs/x/src/a.spec.ts', 'setTimeout(f, 10);'],
    ['ambient', 'libs/x/src/a.ts', 'const n = Math.random();'],
    ['silencer', 'libs/x/src/a.ts', `/* eslint${'-'}disable */`],
    ['silencer', 'libs/x/src/a.spec.ts', `it.${'only'}('x', f);`],
    ['silencer', 'libs/x/src/a.spec.ts', `describe.${'skip'}('x', f);`],
    ['import-place', 'libs/x/src/a.ts', "import { Module } from '@nestjs/common';"],
    ['import-place', 'apps/x/src/handlers/register.ts', "import { IsInt } from 'class-validator';"],
    ['import-place', 'libs/event-log/src/log.ts', "import { Kafka } from 'kafkajs';"],
    ['import-place', 'libs/sip/src/a.ts', "import { createSocket } from 'node:dgram';"],
    ['import-door', 'libs/x/src/a.ts', "import { y } from '../../y/src/index.js';"],
    ['import-door', 'libs/x/src/a.ts', "import { y } from '#libs/y/src/deep.js';"],
    ['import-door', 'libs/x/src/a.ts', "import { y } from './y';"],
  ])('find %s in %s', (rule, at, text) => {
    expect(planted(at, text)).toContain(rule);
  });

  it('find a file without a header', () => {
    expect(header({ path: 'libs/x/src/a.ts', text: 'export const a = 1;' })).toHaveLength(1);
  });

  it('find a machine’s path', () => {
    expect(
      machinePaths({ path: 'README.md', text: `see ${['', 'home', 'ann', 'x'].join('/')}` }),
    ).toHaveLength(1);
    expect(machinePaths({ path: 'README.md', text: 'see https://x.test/home/page/ and ./work/x' })).toEqual(
      [],
    );
  });

  it('let ordinary code pass', () => {
    const text =
      "import { fold } from '#libs/decider';\nimport { a } from './a.js';\nexport const b = (nowMs: number) => new Date(nowMs);";
    expect(planted('libs/x/src/b.ts', text)).toEqual([]);
    expect(planted('libs/x/src/b.ts', "import { isIP } from 'node:net';")).toEqual([]);
  });
});
