// Variables of all programs as the shared configuration may hold them: each checked as the environment's are.
// Used by main.ts, which starts with them, and by `npm run config`.
import { BonoConfig } from '#apps/bono';
import { HomesteadConfig } from '#apps/homestead';
import { HomesteadProvConfig } from '#apps/homestead-prov';
import { SproutConfig } from '#apps/sprout';
import { EventLogConfig } from '#libs/event-log';
import {
  type ConfigClass,
  ConfigError,
  type Environment,
  envFields,
  loadConfig,
  ProcessConfig,
} from '#libs/runtime';
import { SharedConfigConfig } from '#libs/shared-config';
import { StoresConfig } from '#libs/stores';
import { ClearwaterConfig } from './clearwater.config.js';

const CLASSES: readonly ConfigClass[] = [
  ProcessConfig,
  BonoConfig,
  SproutConfig,
  HomesteadConfig,
  HomesteadProvConfig,
  ClearwaterConfig,
  StoresConfig,
  EventLogConfig,
];

/** Of one machine, or needed before the shared configuration can be read. */
const OWN = new Set(['DATA_DIR', 'MASTER_KEY_FILE', 'BIND_ADDRESS', 'PUBLIC_HOST']);

/** Why a variable cannot be shared, or not with this value; undefined: it can. */
export const sharingFault = (name: string, value?: string): string | undefined => {
  if (envFields(SharedConfigConfig).some((field) => field.name === name) || OWN.has(name))
    return `${name} belongs to one machine: set it in its environment`;
  const configClass = CLASSES.find((one) => envFields(one).some((field) => field.name === name));
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
  /** Not taken: no variable, or a bad value. */
  refused: readonly string[];
}>;

/** Puts into `env` what is shared and not set there; `own` is what else wins, the `.env` file. */
export const applyShared = (
  values: Readonly<Record<string, string>>,
  env: Record<string, string | undefined>,
  own: Environment,
): Applied => {
  const taken: string[] = [];
  const refused: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const fault = sharingFault(name, value);
    if (fault !== undefined) refused.push(fault);
    else if (env[name] === undefined && own[name] === undefined) {
      env[name] = value;
      taken.push(name);
    }
  }
  return { taken, refused };
};
