// Ralf's variables, beside those that every app shares (libs/runtime ProcessConfig): which CDFs there are, and how sessions are told to them.
// Read by main.ts here and by apps/clearwater.
import { ArrayMaxSize, IsInt, Matches, Max, Min, Validate, ValidatorConstraint } from 'class-validator';
import { parsePeerAddress } from '#libs/diameter';
import { Env } from '#libs/runtime';

export const CDF_PEERS_MAX = 8;
const OPTIONAL_NAME = /^([A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)?$/;
const NAME = { message: 'takes a domain name' };
const PORT = { message: 'takes a port, 0 to 65535' };
const TIMEOUT = { message: 'takes milliseconds, 50 to 30000' };
const FILE = { message: 'takes a file' };
const INTERVAL = { message: 'takes whole seconds, 0 to 86400' };
const LIFE = { message: 'takes whole seconds, 60 to 604800' };
const WINDOW = { message: 'takes a number, 1 to 4096' };
const WAITING = { message: 'takes a number, 100 to 2000000' };

@ValidatorConstraint({ name: 'cdf-peers' })
class CdfPeers {
  validate(value: unknown): boolean {
    return (
      Array.isArray(value) &&
      value.every((one) => typeof one === 'string' && parsePeerAddress(one) !== undefined)
    );
  }
  defaultMessage(): string {
    return 'takes <host>[:<port>], or aaa:// or aaas:// and the CDF’s own name, comma-separated';
  }
}

export class RalfConfig {
  @Env('CDF_PEERS', 'charging data functions or Diameter agents, first to try first; empty: charging facts are recorded and not sent. As aaa://<name> the name is checked', {
    kind: 'list',
  }) // prettier-ignore
  @ArrayMaxSize(CDF_PEERS_MAX, { message: `takes at most ${CDF_PEERS_MAX} peers` })
  @Validate(CdfPeers)
  cdfPeers: string[] = [];

  @Env('RALF_PORT', 'TCP port of the HTTP API of Ralf: chargeable events of other nodes')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  ralfPort = 10888;

  @Env('BILLING_REALM', 'Diameter realm of the CDFs', { defaultText: '`HOME_DOMAIN`' })
  @Matches(OPTIONAL_NAME, NAME)
  billingRealm = '';

  @Env('RALF_DIAMETER_HOST', 'our own name on Rf (Origin-Host), another one for each node', {
    defaultText: '`ralf-<MANAGEMENT_PORT>.<host name>.<HOME_DOMAIN>`',
  })
  @Matches(OPTIONAL_NAME, NAME)
  ralfDiameterHost = '';

  @Env('RALF_SESSION_HOST', 'what Session-Ids begin with, the same for all nodes: sessions go on at another one', {
    defaultText: '`ralf.<HOME_DOMAIN>`',
  }) // prettier-ignore
  @Matches(OPTIONAL_NAME, NAME)
  ralfSessionHost = '';

  @Env('SERVICE_CONTEXT_ID', 'Service-Context-Id of accounting requests, TS 32.299 §7.1.12: [MNC.MCC.]<release>.32260@3gpp.org') // prettier-ignore
  @Matches(/^[\x21-\x7e]{1,200}$/, { message: 'takes printable text without spaces' })
  serviceContextId = '10.32260@3gpp.org';

  @Env('CDF_TIMEOUT_MS', 'how long a CDF may take, ms; then the next one is asked')
  @IsInt(TIMEOUT)
  @Min(50, TIMEOUT)
  @Max(30_000, TIMEOUT)
  cdfTimeoutMs = 2_000;

  @Env('CDF_WINDOW', 'accounting requests on their way to one list of CDFs at the same time')
  @IsInt(WINDOW)
  @Min(1, WINDOW)
  @Max(4_096, WINDOW)
  cdfWindow = 256;

  @Env('CDF_CA_FILE', 'certificate of who signs the CDF’s, PEM, for aaas:// peers')
  @Matches(/^[^\0]*$/, FILE)
  cdfCaFile = '';

  @Env('CDF_CERT_FILE', 'our certificate for them, PEM')
  @Matches(/^[^\0]*$/, FILE)
  cdfCertFile = '';

  @Env('CDF_KEY_FILE', 'its key, PEM')
  @Matches(/^[^\0]*$/, FILE)
  cdfKeyFile = '';

  @Env('CHARGING_INTERIM_S', 'time between INTERIMs where the CDF does not say, s; 0: none then')
  @IsInt(INTERVAL)
  @Min(0, INTERVAL)
  @Max(86_400, INTERVAL)
  chargingInterimS = 0;

  @Env('CHARGING_SESSION_MAX_S', 'a session without a sign of life for so long is ended by Ralf (Cause-Code 1), s')
  @IsInt(LIFE)
  @Min(60, LIFE)
  @Max(604_800, LIFE)
  chargingSessionMaxS = 86_400;

  @Env('CHARGING_START_WAIT_S', 'how long a STOP waits for its START, which another router may still hold; then it goes without it, s')
  @IsInt(LIFE)
  @Min(60, LIFE)
  @Max(604_800, LIFE)
  chargingStartWaitS = 3_600;

  @Env('CHARGING_WAITING_MAX', 'sessions with records that wait for a CDF; beyond them the rest waits in the log')
  @IsInt(WAITING)
  @Min(100, WAITING)
  @Max(2_000_000, WAITING)
  chargingWaitingMax = 100_000;
} // prettier-ignore

/** Ralf is on. */
export const hasCdf = ({ cdfPeers }: Pick<RalfConfig, 'cdfPeers'>): boolean => cdfPeers.length > 0;
