// Variables as the shared configuration may hold them: each checked as the environment's are, by the classes of whoever reads it.
// Used by the start of every program (adapters/shared-start.ts) and by `npm run config`.
import { type ConfigClass, ConfigError, type Environment, envFields, loadConfig } from '#libs/runtime';
import { SharedConfigConfig } from './shared-config.config.js';

/** Of one machine, or needed before the shared configuration can be read. */
const OWN = new Set([
  'DATA_DIR',
  'MASTER_KEY_FILE',
  'DIALOG_KEY_FILE',
  'HOSTS_FILE',
  'BIND_ADDRESS',
  'BONO_TRUSTED_HOST',
  'PUBLIC_HOST',
]);

const classOf = (classes: readonly ConfigClass[], name: string): ConfigClass | undefined =>
  classes.find((one) => envFields(one).some((field) => field.name === name));

/** Why a variable cannot be shared, or not with this value; undefined: it can. */
export const sharingFault = (
  classes: readonly ConfigClass[],
  name: string,
  value?: string,
): string | undefined => {
  if (envFields(SharedConfigConfig).some((field) => field.name === name) || OWN.has(name))
    return `${name} belongs to one machine: set it in its environment`;
  const configClass = classOf(classes, name);
  const field = configClass && envFields(configClass).find((one) => one.name === name);
  if (!configClass || !field) return `${name} is no variable: docs/configuration.md has them all`;
  if (field.secret) return `${name} is a secret: the shared configuration is not the place for it`;
  if (value === undefined) return undefined;
  try {
    loadConfig(configClass, { [name]: value });
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError && error.variable === name) return error.message;
    throw error;
  }
};

export type Applied = Readonly<{
  /** Set by it now. */
  taken: readonly string[];
  /** Not taken: a bad value, or one that is not to be shared. */
  refused: readonly string[];
}>;

/** Puts into `env` what is shared and not set there; `own` is what else wins, the `.env` file. Other programs' variables are not looked at. */
export const applyShared = (
  classes: readonly ConfigClass[],
  values: Readonly<Record<string, string>>,
  env: Record<string, string | undefined>,
  own: Environment,
): Applied => {
  const taken: string[] = [];
  const refused: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (classOf(classes, name) === undefined) continue;
    const fault = sharingFault(classes, name, value);
    if (fault !== undefined) refused.push(fault);
    else if (env[name] === undefined && own[name] === undefined) {
      env[name] = value;
      taken.push(name);
    }
  }
  return { taken, refused };
};
