// The process log: pino, JSON lines, readable on a terminal. Secrets and message bodies never reach it, whatever the caller
// passes: object keys are judged here, once for all. Read by operators; written by every app.
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { createLineWriter } from './line-writer.js';

export type Logger = PinoLogger;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
export const LOG_LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Compared in lower case without `-` and `_`. */
const SECRET_KEYS = new Set([
  'authorization',
  'proxyauthorization',
  'authenticationinfo',
  'securityclient',
  'securityserver',
  'securityverify',
  'password',
  'passwd',
  'plaintextpassword',
  'secret',
  'ha1',
  'ha1md5',
  'ha1sha256',
  'digestha1',
  'apikey',
  'apikeys',
  'xapikey',
  'ngvapikey',
  'masterkey',
  'cookie',
  'setcookie',
  'token',
  'k',
  'op',
  'opc',
  'ck',
  'ik',
  'xres',
]);
/** What a peer sent: kept out of the log whole, its length is shown. */
const BODY_KEYS = new Set(['body', 'rawbody', 'raw', 'payload', 'sdp', 'sipmessage']);
/** Deeper objects are cut: a log line is for people. */
const DEPTH_MAX = 6;
const ENTRIES_MAX = 100;

const sizeOf = (value: unknown): string =>
  typeof value === 'string' || Buffer.isBuffer(value) ? `[${value.length} bytes]` : '[body]';

const scrubError = (error: Error, depth: number): object => ({
  type: error.name,
  message: error.message,
  stack: error.stack,
  ...(error.cause === undefined ? {} : { cause: scrub(error.cause, depth + 1) }),
});

const scrub = (value: unknown, depth: number): unknown => {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_MAX) return '[deeper]';
  if (value instanceof Error) return scrubError(value, depth);
  if (value instanceof Date) return value;
  if (Buffer.isBuffer(value)) return sizeOf(value);
  if (Array.isArray(value)) return value.slice(0, ENTRIES_MAX).map((item) => scrub(item, depth + 1));
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  return Object.fromEntries(
    entries.slice(0, ENTRIES_MAX).map(([key, item]) => {
      const plain = String(key).toLowerCase().replaceAll('-', '').replaceAll('_', '');
      if (SECRET_KEYS.has(plain)) return [String(key), '[secret]'];
      if (BODY_KEYS.has(plain)) return [String(key), sizeOf(item)];
      return [String(key), scrub(item, depth + 1)];
    }),
  );
};

/** What of an object may stand in a log: secrets and bodies replaced, depth and width bounded. */
export const scrubbed = (fields: object): Record<string, unknown> =>
  scrub(fields, 0) as Record<string, unknown>;

export type LoggerOptions = Readonly<{
  name: string;
  level?: LogLevel;
  /** Where lines go; default: standard output, made readable when that is a terminal. */
  destination?: DestinationStream;
}>;

export const createLogger = ({ name, level = 'info', destination }: LoggerOptions): Logger => {
  const target =
    destination ??
    (process.stdout.isTTY ? PinoPretty({ sync: true, ignore: 'pid,hostname' }) : createLineWriter());
  return pino(
    {
      name,
      level,
      base: { pid: process.pid, name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: scrubbed, level: (label) => ({ level: label }) },
      // Errors are made plain by scrubbed already; pino's own serializer would take them for objects without a name.
      serializers: { err: (err: unknown) => err },
    },
    target,
  );
};

export const silentLogger: Logger = pino({ level: 'silent' });
