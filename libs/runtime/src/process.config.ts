// Variables that every app shares. Each app loads this class beside its own (apps/<app>/src/<app>.config.ts).
// Read by main.ts of every app.
import {
  ArrayMaxSize,
  IsBoolean,
  IsIn,
  IsInt,
  IsIP,
  IsOptional,
  Matches,
  Max,
  Min,
  Validate,
  ValidatorConstraint,
} from 'class-validator';
import { Env } from './config.js';
import { LOG_LEVELS, type LogLevel } from './logger.js';
import { peerFault } from './trusted-peers.js';

@ValidatorConstraint({ name: 'peers' })
export class Peers {
  validate(value: unknown): boolean {
    return (
      Array.isArray(value) &&
      value.every((entry) => typeof entry === 'string' && peerFault(entry) === undefined)
    );
  }
  defaultMessage(): string {
    return 'takes IP addresses and networks (10.0.0.0/8), comma-separated';
  }
}

@ValidatorConstraint({ name: 'keys' })
class Keys {
  validate(value: unknown): boolean {
    return (
      value === undefined ||
      (Array.isArray(value) &&
        value.every((key) => typeof key === 'string' && /^[\x21-\x7e]{16,256}$/.test(key)))
    );
  }
  defaultMessage(): string {
    return 'takes keys of 16 to 256 printable characters without spaces, comma-separated';
  }
}

/** Text that libs/dns reads; whether the address is one shows when it is asked. */
export const DNS_SERVER =
  /^(\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$/;
export const DNS_SERVER_WORDS =
  'takes IP addresses, with a port if need be: 192.0.2.1:5353, [2001:db8::1]:53';

export class ProcessConfig {
  @Env('HOME_DOMAIN', 'the domain that this core serves')
  @Matches(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i, {
    message: 'takes a domain name',
  })
  homeDomain = 'ims.test';

  @Env(
    'BIND_ADDRESS',
    'IP address that every port listens on; beyond loopback TRUSTED_PEERS says who may use trusted ports',
  )
  @IsIP(undefined, { message: 'takes an IP address' })
  bindAddress = '127.0.0.1';

  @Env(
    'PUBLIC_HOST',
    'name or address that others reach this node at, written into Via, Path and Record-Route',
    {
      defaultText: '`BIND_ADDRESS`',
    },
  )
  @Matches(/^([A-Za-z0-9.-]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?)?$/, {
    message: 'takes a host name or an IP address',
  })
  publicHost = '';

  @Env('TRUSTED_PEERS', 'addresses and networks that may use trusted SIP ports and HTTP, beside this machine')
  @Validate(Peers)
  trustedPeers: string[] = [];

  @Env(
    'DNS_SERVERS',
    'DNS servers that SIP asks for names, address or address:port, at most three; empty: none, and only names of /etc/hosts are known',
    { kind: 'list', defaultText: 'those of the machine' },
  )
  @IsOptional()
  @ArrayMaxSize(3, { message: 'takes at most three servers' })
  @Matches(DNS_SERVER, {
    each: true,
    message: DNS_SERVER_WORDS,
  })
  dnsServers: string[] | undefined = undefined;

  @Env(
    'HOSTS_FILE',
    'names that are known without DNS, as in hosts(5), several lines a name; read at a start',
  )
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  hostsFile = '/etc/hosts';

  @Env('DATA_DIR', 'folder of the log, the views, the keys; one process owns it')
  @Matches(/^[^\0]+$/, { message: 'takes a folder' })
  dataDir = './data';

  @Env('LOG_RETENTION_DAYS', 'days that events are kept; provisioning and accounts are kept for ever')
  @IsInt({ message: 'takes whole days, 1 to 3650' })
  @Min(1, { message: 'takes whole days, 1 to 3650' })
  @Max(3650, { message: 'takes whole days, 1 to 3650' })
  logRetentionDays = 7;

  @Env(
    'HTTP_TLS_CERT_FILE',
    'PEM certificate, chain included, by which all HTTP APIs of the program speak TLS (https) alone; read anew when it changes. The management port does not',
    { defaultText: 'none: plain HTTP' },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  httpTlsCertFile = '';

  @Env('HTTP_TLS_KEY_FILE', 'PEM private key of HTTP_TLS_CERT_FILE; read anew when it changes')
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  httpTlsKeyFile = '';

  @Env(
    'HTTP_CA_FILE',
    'PEM certificates of those who vouch for the HTTP servers that this program asks by https: URLs, in the place of the public ones; read at a start',
    { defaultText: 'the public ones that Node knows' },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  httpCaFile = '';

  @Env('MASTER_KEY_FILE', 'file with the key that encrypts stored credentials (32 bytes); made when absent', {
    defaultText: '`DATA_DIR/master.key`',
  })
  masterKeyFile = '';

  @Env(
    'CREDENTIAL_KEPT_DAYS',
    'days that a secret is kept, encrypted, after it was replaced or its subscriber or account deleted: so far back a restored log finds it. 0: it is dropped at once',
  )
  @IsInt({ message: 'takes whole days, 0 to 3650' })
  @Min(0, { message: 'takes whole days, 0 to 3650' })
  @Max(3650, { message: 'takes whole days, 0 to 3650' })
  credentialKeptDays = 7;

  @Env(
    'ACCEPT_LOST_CREDENTIALS',
    'start although DATA_DIR/credentials.sqlite is damaged or was lost; nobody whose credential is gone can register until it is set again',
    { kind: 'boolean' },
  )
  @IsBoolean({ message: 'takes 1 or 0' })
  acceptLostCredentials = false;

  @Env(
    'API_KEYS',
    'keys that HTTP APIs take in X-API-Key, comma-separated; role:key (homestead, provisioning, homer, sprout, history, projector, call-list, chronos, ralf, ellis) opens the APIs of that role alone. Unset: one is made at first start, kept in DATA_DIR/api-key. Empty: no keys, on loopback only',
    { kind: 'list', secret: true, defaultText: 'made at first start' },
  )
  @Validate(Keys)
  apiKeys: string[] | undefined = undefined;

  @Env(
    'MANAGEMENT_PORT',
    'TCP port of GET /healthz and GET /metrics (each app alone has its own default: README)',
  )
  @IsInt({ message: 'takes a port, 0 to 65535' })
  @Min(0, { message: 'takes a port, 0 to 65535' })
  @Max(65535, { message: 'takes a port, 0 to 65535' })
  managementPort = 9886;

  @Env(
    'BUILD_NAME',
    'what this build is called where nodes are listed (`npm run config -- cluster status`): up to 40 letters, digits and . _ + -',
  )
  @Matches(/^[\w.+-]{0,40}$/, { message: 'takes up to 40 letters, digits and . _ + -' })
  buildName = '';

  @Env(
    'DRAIN_MAX_S',
    'how long a drain (`npm run config -- cluster drain`) may take before it is told to be overdue, s; what is not finished then goes on until the process is ended',
  )
  @IsInt({ message: 'takes whole seconds, 1 to 86400' })
  @Min(1, { message: 'takes whole seconds, 1 to 86400' })
  @Max(86_400, { message: 'takes whole seconds, 1 to 86400' })
  drainMaxS = 900;

  @Env(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'who takes traces of calls, by OTLP over HTTP: http://localhost:4318. OpenTelemetry’s own OTEL_EXPORTER_OTLP_HEADERS, _COMPRESSION and _CERTIFICATE are heeded where they stand in the environment',
    { defaultText: 'none: nothing is traced' },
  )
  @Matches(/^(https?:\/\/[^\s@/]{1,253}(\/[^\s@]{0,1000})?)?$/, {
    message: 'takes an http:// or https:// URL without a user',
  })
  otlpEndpoint = '';

  @Env(
    'OTEL_TRACES_SAMPLER_ARG',
    'share of calls that are traced, 0 to 1; by the call’s ICID, so programs of one deployment need the same',
    { kind: 'number' },
  )
  @Min(0, { message: 'takes a share, 0 to 1' })
  @Max(1, { message: 'takes a share, 0 to 1' })
  tracesShare = 0.01;

  @Env('LOG_LEVEL', `least level that is logged: ${LOG_LEVELS.join(', ')}`)
  @IsIn(LOG_LEVELS, { message: `takes one of ${LOG_LEVELS.join(', ')}` })
  logLevel: LogLevel = 'info';
}
