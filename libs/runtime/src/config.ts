// Configuration from the environment: one class an app (`*.config.ts`), each property naming its variable with @Env and its
// limits with class-validator; defaults are property initialisers. A bad value ends the process with one line.
// Read by main.ts of every app, and by `npm run docs:config`, which writes docs/configuration.md from the same classes.
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { validateSync } from 'class-validator';

export type EnvKind = 'text' | 'integer' | 'number' | 'boolean' | 'list';

export type EnvOptions = Readonly<{
  /** Needed only where there is no default to tell it. */
  kind?: EnvKind;
  /** The value is not repeated in an error. */
  secret?: boolean;
  /** What the documentation shows as the default, where the initialiser cannot tell (it depends on another variable). */
  defaultText?: string;
}>;

export type EnvField = Readonly<{ property: string; name: string; text: string } & EnvOptions>;

export type ConfigClass<C extends object = object> = new () => C;
export type Environment = Readonly<Record<string, string | undefined>>;

/** sysexits.h EX_CONFIG. */
export const EXIT_CONFIG = 78;

/** Its message is the one line that the operator sees. */
export class ConfigError extends Error {
  constructor(
    readonly variable: string,
    message: string,
  ) {
    super(message);
  }
}

const fieldsByClass = new WeakMap<object, EnvField[]>();

/** Binds a property to an environment variable; `text` says what it is, with its unit, for people. */
export const Env =
  (name: string, text: string, options: EnvOptions = {}) =>
  (prototype: object, property: string): void => {
    const fields = fieldsByClass.get(prototype.constructor) ?? [];
    fields.push({ property, name, text, ...options });
    fieldsByClass.set(prototype.constructor, fields);
  };

/** The variables of a class in the order written; empty for a class that is no configuration. */
export const envFields = (configClass: ConfigClass): readonly EnvField[] =>
  fieldsByClass.get(configClass) ?? [];

const TAKES: Readonly<Record<EnvKind, string>> = {
  text: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: '1 or 0 (or true, false)',
  list: 'a comma-separated list',
};

const kindOf = (field: EnvField, standard: unknown): EnvKind => {
  if (field.kind) return field.kind;
  if (typeof standard === 'number') return 'integer';
  if (typeof standard === 'boolean') return 'boolean';
  return Array.isArray(standard) ? 'list' : 'text';
};

const INTEGER = /^-?\d{1,15}$/;
const NUMBER = /^-?\d{1,15}(\.\d{1,9})?$/;

/** Empty text is an empty list. Commas alone are a mistake, not nothing: `API_KEYS=,` must not open the APIs. */
const listOf = (text: string): string[] | undefined => {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  return items.length > 0 || text.trim() === '' ? items : undefined;
};

/** The value of `text`, or undefined when it is none of that kind. */
const convert = (kind: EnvKind, text: string): unknown => {
  switch (kind) {
    case 'text':
      return text;
    case 'integer':
      return INTEGER.test(text) ? Number(text) : undefined;
    case 'number':
      return NUMBER.test(text) ? Number(text) : undefined;
    case 'boolean':
      return text === '1' || text === 'true' ? true : text === '0' || text === 'false' ? false : undefined;
    case 'list':
      return listOf(text);
  }
};

const fault = (field: EnvField, takes: string, text: string): ConfigError =>
  new ConfigError(
    field.name,
    `${field.name} (${field.text}): ${takes}; got ${field.secret ? '(not shown)' : JSON.stringify(text)}`,
  );

/** Variables of the file that the environment does not set itself; an absent file is no fault. */
export const readDotenv = (file: string): Environment => {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ConfigError(file, `${file}: cannot be read: ${(error as Error).message}`);
  }
};

export type LoadOptions<C> = Readonly<{
  dotenvFile?: string;
  /** Defaults of this app where they differ from the class's, MANAGEMENT_PORT for one. */
  defaults?: Partial<C>;
}>;

/** A validated instance, or ConfigError about the first bad variable. */
export const loadConfig = <C extends object>(
  configClass: ConfigClass<C>,
  env: Environment,
  { dotenvFile, defaults }: LoadOptions<C> = {},
): C => {
  const all: Environment = dotenvFile === undefined ? env : { ...readDotenv(dotenvFile), ...env };
  const config = Object.assign(new configClass(), defaults);
  const values = config as Record<string, unknown>;
  const fields = envFields(configClass);
  for (const field of fields) {
    const text = all[field.name];
    if (text === undefined) continue;
    const kind = kindOf(field, values[field.property]);
    const value = convert(kind, text.trim());
    if (value === undefined) throw fault(field, `takes ${TAKES[kind]}`, text);
    values[field.property] = value;
  }
  const [error] = validateSync(config, { forbidUnknownValues: false });
  if (error) {
    const field = fields.find(({ property }) => property === error.property);
    const [message = 'is not valid'] = Object.values(error.constraints ?? {});
    const takes = message.replace(new RegExp(`^(each value in )?${error.property} `), '$1');
    if (!field) throw new ConfigError(error.property, `${error.property}: ${takes}`);
    throw fault(field, takes, all[field.name] ?? String(values[field.property]));
  }
  return config;
};

/** For main.ts: as loadConfig with the `.env` file of the working directory; a fault is one line, and the process ends. */
export const loadConfigOrExit = <C extends object>(
  configClass: ConfigClass<C>,
  defaults: Partial<C> = {},
): C => {
  try {
    return loadConfig(configClass, process.env, { dotenvFile: '.env', defaults });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
};

const shown = (field: EnvField, value: unknown): string => {
  if (field.defaultText !== undefined) return field.defaultText;
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return '–';
  if (typeof value === 'boolean') return value ? '`1`' : '`0`';
  if (Array.isArray(value)) return `\`${value.join(',')}\``;
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
};

/** A Markdown table of the variables of these classes: variable, default, what it is. */
export const configTable = (classes: readonly ConfigClass[]): string => {
  const rows = classes.flatMap((configClass) => {
    const standard = new configClass() as Record<string, unknown>;
    return envFields(configClass).map(
      (field) =>
        `| \`${field.name}\` | ${shown(field, standard[field.property])} | ${field.text.replaceAll('|', '\\|')} |`,
    );
  });
  return ['| variable | default | what it is |', '|---|---|---|', ...rows, ''].join('\n');
};
