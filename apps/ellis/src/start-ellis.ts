// Ellis as a part of a process: views, stores, pools, mail and its port, put together from configuration.
// Used by this app's main.ts and by the all-in-one. People come from anywhere: the port asks each request who it is.
import path from 'node:path';
import type { EventLog } from '#libs/event-log';
import {
  type ApiKeys,
  clientAddressBy,
  ConfigError,
  createApiKeys,
  createPeerCheck,
  type HttpServer,
  isLoopback,
  makePrivateFile,
  type ProcessConfig,
  type ProcessParts,
  readPrivateFile,
  startHttp,
} from '#libs/runtime';
import {
  createMemcachedKeyValueStore,
  createMemoryKeyValueStore,
  type CredentialStore,
  type Engines,
  jsonCodec,
  keptMsOf,
} from '#libs/stores';
import type { LinesByAccount } from '#projections/lines-by-account';
import { createArgon2Passwords } from './accounts/argon2.passwords.js';
import type { Passwords } from './accounts/passwords.port.js';
import type { Grant, TokenStore } from './accounts/tokens.js';
import type { EllisPorts, EllisSettings, Neighbour } from './context.js';
import { createEllis, type Ellis, openPools } from './ellis.js';
import type { EllisConfig } from './ellis.config.js';
import { EllisModule } from './ellis.module.js';
import { EventStreams } from './live/event-streams.js';
import type { Surroundings } from './operator/surroundings.port.js';
import type { Mailer } from './mail/mailer.port.js';
import { createTerminalMailer } from './mail/terminal.mailer.js';
import { openPages } from './pages/portal-pages.js';

/** A document of the longest, each of its characters in three bytes. */
const BODY_BYTES_MAX = 300_000;
const CODE_CHARACTERS = 8;
/** How often it is looked whether something was left unfinished. */
const FINISH_EVERY_MS = 600_000;
/** What is younger may be under way. */
const GRACE_MS = 60_000;

export type StartEllisOptions = ProcessParts &
  Readonly<{
    process: Pick<
      ProcessConfig,
      'bindAddress' | 'homeDomain' | 'dataDir' | 'trustedPeers' | 'credentialKeptDays'
    >;
    config: EllisConfig;
    log: EventLog;
    /** Other processes may write the log too. */
    isLogShared: boolean;
    lines: LinesByAccount;
    credentials: CredentialStore;
    registrations: EllisPorts['registrations'];
    surroundings?: Surroundings;
    engines: Pick<Engines, 'memcached'>;
    apiKeys: ApiKeys;
    provisioning: Neighbour;
    homer: Neighbour;
    registrar?: Neighbour;
    websocketUrls: readonly string[];
    /** Mails are shown at the terminal. */
    isDemo: boolean;
    /** Argon2id, and what the configuration names, unless a test brings its own. */
    passwords?: Passwords;
    mailer?: Mailer;
  }>;

export type EllisNode = Readonly<{ http: HttpServer; settings: EllisSettings; signupCode: string }>;

/** Of the configuration, or made at the first start and kept: never in a log. */
const signupCodeOf = ({ config, process, random, logger, isLogShared }: StartEllisOptions): string => {
  if (config.signupCode !== '') return config.signupCode;
  if (isLogShared) logger.warn('SIGNUP_CODE is not set: each Ellis of this log has a code of its own');
  const file = path.join(process.dataDir, 'signup-code');
  const kept = (): string | undefined => readPrivateFile(file)?.toString().trim();
  const known = kept();
  if (known !== undefined && known !== '') return known;
  const made = random.token(CODE_CHARACTERS);
  return makePrivateFile(file, `${made}\n`) ? made : (kept() ?? made);
};

const openMailer = async (options: StartEllisOptions): Promise<Readonly<{ mailer?: Mailer }>> => {
  const { config, isDemo, logger, shutdown } = options;
  if (config.smtpUrl === '') return isDemo ? { mailer: createTerminalMailer(logger) } : {};
  const { createSmtpMailer } = await import('./mail/smtp.mailer.js');
  const mailer = createSmtpMailer({ url: config.smtpUrl, from: config.mailFrom });
  shutdown.on('close', 'mail', () => mailer.close());
  return { mailer };
};

const tokensIn = ({ engines: { memcached: cluster }, clock }: StartEllisOptions): TokenStore => {
  const name = 'ellis-tokens';
  return cluster === undefined
    ? createMemoryKeyValueStore<Grant>({ name, clock })
    : createMemcachedKeyValueStore<Grant>({ cluster, name, clock, codec: jsonCodec() });
};

/** Now and then until the process ends. */
const keepFinishing = (ellis: Ellis, { clock, logger, shutdown }: ProcessParts): void => {
  let cancel = (): void => undefined;
  const run = (): void => {
    ellis
      .finishInterrupted(GRACE_MS)
      .catch((error: unknown) => logger.warn({ err: error }, 'what was interrupted could not be finished'))
      .finally(() => (cancel = clock.after(FINISH_EVERY_MS, run)));
  };
  cancel = clock.after(FINISH_EVERY_MS, run);
  shutdown.on('refuse', 'ellis', () => {
    cancel();
    ellis.stop();
  });
};

/** Cookies, mails and pages go by it: what it says has to be what the port speaks, or what a proxy before it does. */
const portalUrl = ({ ellisUrl, ellisPort }: EllisConfig, host: string, isSecure: boolean): string => {
  if (isSecure && ellisUrl.startsWith('http:'))
    throw new ConfigError(
      'ELLIS_URL',
      `ELLIS_URL ${ellisUrl}: the port speaks TLS (HTTP_TLS_CERT_FILE): set it to https://, with the name that is in the certificate`,
    );
  return ellisUrl || `${isSecure ? 'https' : 'http'}://${host}:${ellisPort}`;
};

const settingsOf = (options: StartEllisOptions): EllisSettings => {
  const { config, process, websocketUrls } = options;
  const host = process.bindAddress.includes(':') ? `[${process.bindAddress}]` : process.bindAddress;
  return {
    homeDomain: process.homeDomain,
    signupCode: signupCodeOf(options),
    url: portalUrl(config, host, options.httpTls !== undefined),
    numbersPerAccountMax: config.numbersPerAccountMax,
    websocketUrls: config.ellisWebsocketUrls.length > 0 ? config.ellisWebsocketUrls : websocketUrls,
  };
};

const checkRanges = async (ports: EllisPorts, config: EllisConfig) => {
  try {
    return await openPools(ports, config);
  } catch (error) {
    if (error instanceof RangeError)
      throw new ConfigError('NUMBER_RANGES', `NUMBER_RANGES: ${error.message}`);
    throw error;
  }
};

/** Starts it; resolves when what a crash left is finished and the port listens. */
export const startEllis = async (options: StartEllisOptions): Promise<EllisNode> => {
  const { process, config, clock, random, logger, health, shutdown } = options;
  const part = health.part('ellis');
  const settings = settingsOf(options);
  if (!isLoopback(process.bindAddress) && !settings.url.startsWith('https:'))
    logger.warn('the portal listens beyond loopback without TLS: set HTTP_TLS_CERT_FILE and HTTP_TLS_KEY_FILE, or put a proxy with TLS before it and ELLIS_URL=https://…');
  const ports: EllisPorts = {
    log: options.log,
    lines: options.lines,
    credentials: options.credentials,
    credentialKeptMs: keptMsOf(process),
    registrations: options.registrations,
    tokens: tokensIn(options),
    passwords: options.passwords ?? createArgon2Passwords(clock),
    ...(options.mailer === undefined ? await openMailer(options) : { mailer: options.mailer }),
    provisioning: options.provisioning,
    homer: options.homer,
    ...(options.registrar === undefined ? {} : { registrar: options.registrar }),
    clock,
    random,
    apiKeys: config.ellisApiKey.length > 0 ? createApiKeys(config.ellisApiKey.map((key) => `ellis:${key}`)) : options.apiKeys,
    settings,
    onFault: (error) => logger.warn({ err: error }, 'ellis'),
  };
  const ellis = createEllis(ports, await checkRanges(ports, config), options.surroundings);
  const { failed, ...finished } = await ellis.finishInterrupted(options.isLogShared ? GRACE_MS : 0);
  if (failed + Object.values(finished).reduce((sum, count) => sum + count, 0) > 0)
    logger.info({ ...finished, failed }, 'finished what was interrupted');
  keepFinishing(ellis, options);
  const streams = new EventStreams(clock);
  shutdown.on('refuse', 'ellis streams', () => streams.close());
  const http = await startHttp({
    module: EllisModule.forRoot(
      { ellis, addressOf: clientAddressBy(createPeerCheck(process.trustedPeers)), streams, clock },
      openPages(settings.websocketUrls),
    ),
    host: process.bindAddress,
    port: config.ellisPort,
    title: 'Ellis',
    role: 'ellis',
    logger,
    bodyBytesMax: BODY_BYTES_MAX,
    tls: options.httpTls,
    drain: options.drain,
  });
  shutdown.on('finish', 'ellis', async () => {
    await http.close();
    await ellis.live.stop();
  });
  part.ready();
  return { http, settings, signupCode: settings.signupCode };
}; // prettier-ignore
