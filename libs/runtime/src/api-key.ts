// Keys of the HTTP APIs. API_KEYS unset: one is made at first start and kept in DATA_DIR/api-key, mode 600; empty: none,
// allowed only while every HTTP port is on loopback. Several keys at once serve rotation; `role:key` limits one to a role.
// Read by http.ts on every request; written at first start.
import { timingSafeEqual } from 'node:crypto';
import path from 'node:path';
import type { Random } from './clock.port.js';
import { ConfigError } from './config.js';
import type { Logger } from './logger.js';
import { makePrivateFile, readPrivateFile, replacePrivateFile } from './private-file.js';
import { isLoopback } from './trusted-peers.js';

const KEY_CHARACTERS = 40;
const KEYS_MAX = 64;
/** Longer ones are refused, as a configuration and as a request. */
const KEY_BYTES_MAX = 256;

/** Each API has one, and a key limited to a role opens the APIs of that role alone. */
export const API_ROLES = [
  'homestead',
  'provisioning',
  'homer',
  'sprout',
  'history',
  'projector',
  'call-list',
  'chronos',
  'ralf',
  'ellis',
] as const;
export type ApiRole = (typeof API_ROLES)[number];

/** 'open': no keys are asked for. Otherwise whether the presented key is one of them and has the role. */
export interface ApiKeys {
  readonly open: boolean;
  check(presented: string | undefined, role?: ApiRole): 'ok' | 'unknown' | 'wrong-role';
}

type Entry = Readonly<{ padded: Buffer; role: string | undefined }>;
type WrittenKey = Readonly<{ key: string; role: string | undefined }>;

/** All keys are as long as each other in memory, so that comparing takes the same time whichever it is: no hash is needed for that. */
const pad = (text: string, padded = Buffer.alloc(KEY_BYTES_MAX)): Buffer =>
  padded.fill(0, padded.write(text));

/** `provisioning:abc…` is a key for one role, `abc…` one for all. */
const keyIn = (text: string): WrittenKey => {
  const [, role, key] = /^([a-z][a-z-]{0,31}):(.+)$/.exec(text) ?? [undefined, undefined, text];
  return { key: key ?? text, role };
};

const entryOf = (text: string): Entry => {
  const { key, role } = keyIn(text);
  if (role !== undefined && !API_ROLES.some((known) => known === role))
    throw new ConfigError('API_KEYS', `API_KEYS: ${role} is no role; a key may have ${API_ROLES.join(', ')}`);
  if (Buffer.byteLength(key) > KEY_BYTES_MAX)
    throw new ConfigError('API_KEYS', `API_KEYS: a key has at most ${KEY_BYTES_MAX} bytes`);
  return { padded: pad(key), role };
};

/** The key that this process presents to an API of `role`: the first that fits, as it goes into X-API-Key. */
export const presentedKey = (keys: readonly string[] | undefined, role: ApiRole): string | undefined =>
  keys?.map(keyIn).find((written) => written.role === undefined || written.role === role)?.key;

/** What ends in zeroes would be equal to a key without them. */
const isComparable = (presented: string): boolean =>
  presented !== '' && Buffer.byteLength(presented) <= KEY_BYTES_MAX && !presented.includes('\0');

/** Keys as given; [] asks for none. */
export const createApiKeys = (keys: readonly string[]): ApiKeys => {
  if (keys.length > KEYS_MAX) throw new ConfigError('API_KEYS', `API_KEYS: takes at most ${KEYS_MAX} keys`);
  const entries = keys.map(entryOf);
  const scratch = Buffer.alloc(KEY_BYTES_MAX);
  return {
    open: entries.length === 0,
    check(presented, role) {
      if (entries.length === 0) return 'ok';
      if (presented === undefined || !isComparable(presented)) return 'unknown';
      const asked = pad(presented, scratch);
      // Every entry is compared, and in constant time: neither which key nor how much of it matched can be timed.
      let matched: Entry | undefined;
      for (const entry of entries) if (timingSafeEqual(entry.padded, asked)) matched = entry;
      if (!matched) return 'unknown';
      return role === undefined || matched.role === undefined || matched.role === role ? 'ok' : 'wrong-role';
    },
  };
};

export type ApiKeyOptions = Readonly<{
  /** ProcessConfig.apiKeys. */
  configured: readonly string[] | undefined;
  dataDir: string;
  /** Addresses of all HTTP ports of this process. */
  httpHosts: readonly string[];
  random: Random;
  logger: Logger;
  /** Tells that a key was made; the key itself is for the person at the terminal, never for a log. */
  show?: (text: string, key: string) => void;
}>;

/** What is no terminal is kept by somebody: there the file's name has to do. */
const showOnTerminal = (text: string, key: string): void =>
  void process.stderr.write(process.stderr.isTTY ? `${text}: ${key}\n` : `${text}\n`);

const keptOrMade = (file: string, random: Random, show: (text: string, key: string) => void): string => {
  const kept = readPrivateFile(file)?.toString().trim();
  if (kept !== undefined && kept !== '') return kept;
  const made = random.token(KEY_CHARACTERS);
  if (kept === '') replacePrivateFile(file, `${made}\n`);
  else if (!makePrivateFile(file, `${made}\n`)) return keptOrMade(file, random, show);
  show(`API key made and kept in ${file}`, made);
  return made;
};

/** The keys to ask for, with the key itself when it is the one of DATA_DIR. Throws ConfigError when refused. */
export const loadApiKeys = (options: ApiKeyOptions): { keys: ApiKeys; file?: string } => {
  const { configured, dataDir, httpHosts, random, logger } = options;
  const show = options.show ?? showOnTerminal;
  if (configured === undefined) {
    const file = path.join(dataDir, 'api-key');
    return { keys: createApiKeys([keptOrMade(file, random, show)]), file };
  }
  if (configured.length === 0) {
    const open = httpHosts.find((host) => !isLoopback(host));
    if (open !== undefined) {
      throw new ConfigError('API_KEYS', `API_KEYS: must not be empty while an HTTP port listens on ${open}`);
    }
    logger.warn('API_KEYS is empty: whoever can reach the loopback ports can provision');
  }
  return { keys: createApiKeys(configured) };
};
