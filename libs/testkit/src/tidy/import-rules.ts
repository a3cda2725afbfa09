// Where a package may be imported, and how folders may reach each other. Which part may know which: .config/dependency-cruiser.mjs.
// Run by tidy.spec.ts over the whole tree.
import path from 'node:path';
import ts from 'typescript';
import { isSpec, type Offence } from './rules.js';
import type { SourceFile } from './tree.js';

export type Import = Readonly<{ specifier: string; line: number }>;

/** Static imports and exports, and import() of a literal. */
export const importsOf = (source: ts.SourceFile): readonly Import[] => {
  const imports: Import[] = [];
  const add = (node: ts.Expression | undefined): void => {
    if (!node || !ts.isStringLiteralLike(node)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    imports.push({ specifier: node.text, line });
  };
  const see = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0]);
    ts.forEachChild(node, see);
  };
  see(source);
  return imports;
};

const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

type Place = Readonly<{ packages: RegExp; files: RegExp; why: string }>;

const RIM = '(^apps/[^/]+/src/.*\\.(module|controller)\\.ts$)|(^apps/[^/]+/src/main\\.ts$)';

/** A package that appears here may be imported only in these files (specs beside them included by name). */
export const PLACES: readonly Place[] = [
  {
    packages: /^@nestjs\//,
    files: new RegExp(
      `${RIM}|^libs/runtime/src/(nest-http|http-server\\.port|http-errors)\\.ts$|\\.dto\\.ts$`,
    ),
    why: 'Nest is the rim: modules, controllers, main.ts, DTOs, and the HTTP bootstrap of libs/runtime',
  },
  {
    packages: /^class-(validator|transformer)$/,
    files: /\.(config|dto)\.ts$|^libs\/runtime\/src\/(config|nest-http)\.ts$/,
    why: 'validation of input is in *.config.ts and *.dto.ts',
  },
  { packages: /^rxjs$/, files: /^$/, why: 'Nest needs it, we do not' },
  {
    packages: /^(pino|pino-pretty|pino-http|nestjs-pino)$/,
    files: /^libs\/runtime\/src\/logger\.ts$/,
    why: 'one logger',
  },
  { packages: /^@opentelemetry\//, files: /^libs\/runtime\/src\/traces\//, why: 'one place tells of calls' },
  { packages: /^prom-client$/, files: /^libs\/runtime\/src\/metrics\.ts$/, why: 'one registry' },
  {
    packages: /^fastify$/,
    files: /^libs\/runtime\/src\/(nest-http|http-errors)\.ts$|\.controller\.ts$|^apps\/[^/]+\/src\/http\//,
    why: 'HTTP servers are made by libs/runtime',
  },
  {
    packages: /^ws$/,
    files: /^libs\/sip\/src\/adapters\/|^bench\//,
    why: 'WebSocket framing is a transport adapter',
  },
  {
    packages: /^selfsigned$/,
    files: /^libs\/sip\/src\/adapters\/tls\//,
    why: 'one place makes certificates',
  },
  {
    packages: /^dns-packet$/,
    files: /^libs\/dns\/src\/adapters\//,
    why: 'DNS messages are the adapter’s',
  },
  {
    packages: /^drachtio-srf$/,
    files: /^libs\/drachtio\/src\/adapters\//,
    why: 'a driver has one adapter folder',
  },
  { packages: /^saxes$/, files: /^libs\/xcap\/src\//, why: 'one reader of XCAP documents' },
  { packages: /^xmllint-wasm/, files: /^apps\/homer\/src\/schema\//, why: 'one thread validates' },
  { packages: /^undici$/, files: /^libs\/http-pool\/src\//, why: 'one HTTP client pool' },
  {
    packages: /^kafkajs$/,
    files: /^libs\/event-log\/src\/adapters\/kafka\//,
    why: 'a driver has one adapter folder',
  },
  {
    packages: /^cassandra-driver$/,
    files: /^libs\/stores\/src\/adapters\/cassandra\//,
    why: 'a driver has one adapter folder',
  },
  {
    packages: /^memcached$/,
    files: /^libs\/stores\/src\/adapters\/memcached\//,
    why: 'a driver has one adapter folder',
  },
  {
    packages: /^etcd3$/,
    files: /^libs\/shared-config\/src\/adapters\/etcd\//,
    why: 'a driver has one adapter folder',
  },
  {
    packages: /^@eventstore\//,
    files: /^libs\/archive\/src\/adapters\/eventstoredb\//,
    why: 'a driver has one adapter folder',
  },
  {
    packages: /^node:sqlite$/,
    files: /^libs\/[^/]+\/src\/adapters\/embedded\/|^bench\//,
    why: 'SQLite is the embedded adapters’',
  },
  {
    packages: /^re2js$/,
    files: /^libs\/domain\/src\/(filter-criteria\/|routing\/enum-rule\.ts$)/,
    why: 'patterns of others, criteria and ENUM rules, are compiled in one place each',
  },
  {
    packages: /^libphonenumber-js/,
    files: /^apps\/sprout\/src\/mmtel\//,
    why: 'where numbers lead is asked in one place',
  },
  {
    packages: /^(node:dgram|node:net|node:tls)$/,
    files: /\/adapters\/|^libs\/runtime\/src\/|^bench\//,
    why: 'sockets are adapters’',
  },
  {
    packages: /^typescript$/,
    files: /^libs\/testkit\/src\/tidy\//,
    why: 'the structure rules read syntax trees',
  },
  { packages: /^@duckdb\//, files: /^apps\/history\/src\//, why: 'analysts’ queries' },
];

/** isIP and BlockList of node:net are arithmetic, not sockets. */
const PURE_NET = /import \{[^}]*\b(isIP|isIPv4|isIPv6|BlockList)\b[^}]*\} from 'node:net'/;

export const importPlaces = (file: SourceFile, source: ts.SourceFile): Offence[] =>
  importsOf(source).flatMap(({ specifier, line }) => {
    if (isSpec(file.path)) return [];
    const name = packageOf(specifier);
    const place = PLACES.find(({ packages }) => packages.test(name));
    if (!place || place.files.test(file.path)) return [];
    if (name === 'node:net' && PURE_NET.test(file.text)) return [];
    return [{ rule: 'import-place', path: file.path, line, what: `${name}: ${place.why}` }];
  });

/** `libs/sip` of `libs/sip/src/x.ts`; `bench` of `bench/x.ts`. */
export const projectOf = (file: string): string => {
  const [top = '', second = ''] = file.split('/');
  return ['libs', 'apps', 'projections'].includes(top) ? `${top}/${second}` : top;
};

/** Relative inside a project; `#libs/x` and its like between projects, so that index.ts is the only door. */
export const importDoors = (file: SourceFile, source: ts.SourceFile): Offence[] =>
  importsOf(source).flatMap(({ specifier, line }) => {
    const offence = (what: string): Offence => ({ rule: 'import-door', path: file.path, line, what });
    if (specifier.startsWith('.')) {
      const target = path.posix.normalize(path.posix.join(path.posix.dirname(file.path), specifier));
      if (projectOf(target) !== projectOf(file.path))
        return [offence(`${specifier} leaves ${projectOf(file.path)}: use '#'`)];
      if (!specifier.endsWith('.js') && !specifier.endsWith('.json'))
        return [offence(`${specifier} has no .js`)];
      return [];
    }
    if (specifier.startsWith('#')) {
      const own = `#${projectOf(file.path)}`;
      if (specifier === own) return [offence(`${specifier} from inside: use './x.js'`)];
      if (!/^#(libs|projections|apps)\/[a-z0-9-]+$/.test(specifier))
        return [offence(`${specifier} is no project`)];
    }
    return [];
  });
