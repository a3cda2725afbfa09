// Sprout's variables, beside those that every app shares (libs/runtime ProcessConfig).
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsInt,
  IsUrl,
  Matches,
  Max,
  Min,
  Validate,
  ValidateIf,
} from 'class-validator';
import { MIN_SE_S } from '#libs/domain';
import {
  DNS_SERVER,
  DNS_SERVER_WORDS,
  EMERGENCY_NUMBERS,
  EmergencyNumbers,
  Env,
  Peers,
  PortVariable,
  SipConnectionLifetime,
} from '#libs/runtime';

const ALGORITHMS = ['MD5', 'SHA-256'] as const;
const A_DAY_S = 86_400;
const LIVENESS = { message: 'takes milliseconds, 0 to 60000' };
const A_MINUTE_MS = 60_000;
const SESSION_S = { message: 'takes whole seconds, 90 to 86400' };
const RING = { message: 'takes whole seconds, 0 to 180' };
const EMERGENCY_ROUTES_MAX = 8;

export class SproutConfig {
  @SipConnectionLifetime()
  sipConnectionLifetimeS = 600;

  @PortVariable('ICSCF_PORT', 'SIP port of the I-CSCF, TCP and UDP')
  icscfPort = 5052;

  @PortVariable('SCSCF_PORT', 'SIP port of the S-CSCF, TCP and UDP')
  scscfPort = 5054;

  @Env(
    'ISC_BY_NAME',
    'application servers are told to come back to scscf.<HOME_DOMAIN>, behind which they find every router; else to the address of the one that asked',
    { kind: 'boolean' },
  )
  @IsBoolean({ message: 'takes 1 or 0' })
  iscByName = false;

  @PortVariable('MMTEL_PORT', 'SIP port of the telephony server, TCP and UDP')
  mmtelPort = 5055;

  @PortVariable(
    'DRACHTIO_PORT',
    'TCP port that applications written with drachtio-srf connect to; without DRACHTIO_SECRET on loopback only',
  )
  drachtioPort = 9022;

  @Env('DRACHTIO_SECRET', 'what applications have to show; empty: nothing', { secret: true })
  @Matches(/^([\x21-\x7b\x7d\x7e]{8,256})?$/, {
    message: 'takes 8 to 256 printable characters without spaces and |, or nothing',
  })
  drachtioSecret = '';

  @PortVariable('DRACHTIO_SIP_PORT', 'SIP port by which the router reaches those applications, TCP and UDP')
  drachtioSipPort = 5056;

  @Env(
    'HOME_COUNTRY',
    'country of users without a number of their own, two letters (ISO 3166): what is international for them; empty: nothing is',
  )
  @Matches(/^(?:[A-Z]{2})?$/, { message: 'takes two capital letters, as DE, or nothing' })
  homeCountry = '';

  @PortVariable(
    'SPROUT_HTTP_PORT',
    'HTTP port of Sprout for operators and the back ends: registrations are ended and changed here',
  )
  sproutHttpPort = 9888;

  @Env('HOMESTEAD_URL', 'where Homestead answers, when HOMESTEAD_LINK=http')
  @IsUrl(
    { require_tld: false, protocols: ['http', 'https'], require_protocol: true },
    { message: 'takes an http or https URL' },
  )
  homesteadUrl = 'http://127.0.0.1:8888';

  @Env('HOMER_URL', 'where Homer answers, when Sprout runs apart or HOMER_LINK=http', {
    defaultText: '`http://127.0.0.1:7888`; in one process where Homer is',
  })
  @Matches(/^(https?:\/\/[^\s/?#]{1,250}\/?)?$/, { message: 'takes an http or https URL' })
  homerUrl = '';

  @Env(
    'DIALOG_KEY_FILE',
    'file with the key that signs what Record-Route remembers (32 bytes), the same for all routers of a deployment; made when absent',
    { defaultText: '`DATA_DIR/dialog.key`' },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  dialogKeyFile = '';

  @Env(
    'CHARGING_SPOOL_DIR',
    'folder where charging facts wait while the log takes none, best on another disk than its',
    {
      defaultText: '`DATA_DIR/charging-spool`',
    },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a folder' })
  chargingSpoolDir = '';

  @Env('REG_MAX_EXPIRES', 'longest registration granted, s')
  @IsInt({ message: 'takes whole seconds, 60 to 86400' })
  @Min(60, { message: 'takes whole seconds, 60 to 86400' })
  @Max(A_DAY_S, { message: 'takes whole seconds, 60 to 86400' })
  regMaxExpires = 300;

  @Env('REG_MIN_EXPIRES', 'shortest registration granted, s; shorter ones are answered 423')
  @IsInt({ message: 'takes whole seconds, 1 to 3600' })
  @Min(1, { message: 'takes whole seconds, 1 to 3600' })
  @Max(3600, { message: 'takes whole seconds, 1 to 3600' })
  regMinExpires = 60;

  @Env(
    'SUB_MAX_EXPIRES',
    'longest subscription to registration state granted, s; 0: REG_MAX_EXPIRES and 161 s',
  )
  @IsInt({ message: 'takes whole seconds, 0 to 86400' })
  @Min(0, { message: 'takes whole seconds, 0 to 86400' })
  @Max(A_DAY_S, { message: 'takes whole seconds, 0 to 86400' })
  subMaxExpires = 0;

  @Env('SUB_MIN_EXPIRES', 'shortest one granted, s; shorter ones are answered 423')
  @IsInt({ message: 'takes whole seconds, 1 to 3600' })
  @Min(1, { message: 'takes whole seconds, 1 to 3600' })
  @Max(3600, { message: 'takes whole seconds, 1 to 3600' })
  subMinExpires = 60;

  @Env('DIGEST_ALGORITHMS', 'digest algorithms in the order offered, MD5 and SHA-256 (RFC 8760)')
  @ArrayMinSize(1, { message: 'takes at least one of MD5, SHA-256' })
  @ArrayUnique({ message: 'takes each algorithm once' })
  @IsIn(ALGORITHMS, { each: true, message: 'takes MD5 and SHA-256' })
  digestAlgorithms: ('MD5' | 'SHA-256')[] = ['MD5'];

  @Env(
    'SESSION_CONTINUED_TIMEOUT_MS',
    'how long an application server whose failure is passed over may be silent, ms; 0: as long as SIP waits',
  )
  @IsInt(LIVENESS)
  @Min(0, LIVENESS)
  @Max(A_MINUTE_MS, LIVENESS)
  sessionContinuedTimeoutMs = 2_000;

  @Env(
    'SESSION_TERMINATED_TIMEOUT_MS',
    'how long an application server whose failure ends the session may be silent, ms; 0: as long as SIP waits',
  )
  @IsInt(LIVENESS)
  @Min(0, LIVENESS)
  @Max(A_MINUTE_MS, LIVENESS)
  sessionTerminatedTimeoutMs = 4_000;

  @Env(
    'FORK_RING_S',
    "how long a user's devices of one q ring before those of the next lower q do, s; 0: until they have answered, or SIP gives them up",
  )
  @IsInt(RING)
  @Min(0, RING)
  @Max(180, RING)
  forkRingS = 30;

  @Env(
    'DEFAULT_SESSION_EXPIRES',
    'sessions are asked to be refreshed at least so often, s (RFC 4028); 0: nothing is asked for',
  )
  @ValidateIf(({ defaultSessionExpires }: SproutConfig) => defaultSessionExpires !== 0)
  @IsInt(SESSION_S)
  @Min(MIN_SE_S, SESSION_S)
  @Max(A_DAY_S, SESSION_S)
  defaultSessionExpires = 600;

  @Env('MIN_SESSION_EXPIRES', 'who wants to refresh a session more often than this is answered 422, s')
  @IsInt(SESSION_S)
  @Min(MIN_SE_S, SESSION_S)
  @Max(A_DAY_S, SESSION_S)
  minSessionExpires = MIN_SE_S;

  @Env(
    'SHARED_IFCS_FILE',
    'filter criteria that profiles name by number (SharedIFCsSets); read again at SIGHUP',
  )
  sharedIfcsFile = '';

  @Env(
    'FALLBACK_IFCS_FILE',
    'filter criteria for who has none that matches (FallbackIFCsSet); read again at SIGHUP',
  )
  fallbackIfcsFile = '';

  @Env('APPLY_FALLBACK_IFCS', 'ask the fallback criteria', { kind: 'boolean' })
  @IsBoolean({ message: 'takes 1 or 0' })
  applyFallbackIfcs = false;

  @Env('BGCF_FILE', "ways out by number and domain, JSON as of Clearwater's bgcf.json; read again at SIGHUP")
  bgcfFile = '';

  @Env(
    'ENUM_FILE',
    "URIs of numbers, JSON as of Clearwater's enum.json; read again at SIGHUP. ENUM_SERVERS win over it",
  )
  enumFile = '';

  @Env(
    'ENUM_SERVERS',
    'DNS servers that are asked for the URIs of numbers (RFC 6116), address or address:port, at most three',
    { kind: 'list' },
  )
  @ArrayMaxSize(3, { message: 'takes at most three servers' })
  @Matches(DNS_SERVER, { each: true, message: DNS_SERVER_WORDS })
  enumServers: string[] = [];

  @Env('ENUM_SUFFIX', 'domain below which numbers are looked for')
  @Matches(/^\.?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/, { message: 'takes a domain, as e164.arpa' })
  enumSuffix = 'e164.arpa';

  @EmergencyNumbers()
  emergencyNumbers: string[] = [...EMERGENCY_NUMBERS];

  @Env(
    'EMERGENCY_ROUTES',
    'SIP URIs of emergency centres, the first to be asked first; without any, emergency calls are answered 380: call another way',
    { kind: 'list' },
  )
  @ArrayMaxSize(EMERGENCY_ROUTES_MAX, { message: `takes at most ${EMERGENCY_ROUTES_MAX} SIP URIs` })
  @Matches(/^sips?:[^\s<>",]{1,250}$/, { each: true, message: 'takes SIP URIs' })
  emergencyRoutes: string[] = [];

  @Env('ENFORCE_USER_PHONE', 'a SIP URI is a number only where it says user=phone', { kind: 'boolean' })
  @IsBoolean({ message: 'takes 1 or 0' })
  enforceUserPhone = false;

  @Env('ENFORCE_GLOBAL_ONLY_LOOKUPS', 'ask ENUM for numbers with a + only', { kind: 'boolean' })
  @IsBoolean({ message: 'takes 1 or 0' })
  enforceGlobalOnlyLookups = false;

  @Env('OVERRIDE_NPDI', 'ask ENUM where portability data is there already, and take its own', {
    kind: 'boolean',
  })
  @IsBoolean({ message: 'takes 1 or 0' })
  overrideNpdi = false;

  @Env('DUMMY_APP_SERVER', 'SIP URI of a server that counts as a match and is never asked')
  dummyAppServer = '';

  @Env('REJECT_IF_NO_MATCHING_IFCS', 'answer 400 to requests that no criterion matches', { kind: 'boolean' })
  @IsBoolean({ message: 'takes 1 or 0' })
  rejectIfNoMatchingIfcs = false;

  @Env(
    'BINDING_EXPIRY',
    'who sees to bindings that lapse: router (each by its own timer), or chronos (POST /timers, CHRONOS_SPROUT_URL)',
  )
  @IsIn(['router', 'chronos'], { message: 'takes router or chronos' })
  bindingExpiry: 'router' | 'chronos' = 'router';

  @Env(
    'PCSCF_PEERS',
    'addresses and networks of P-CSCFs other than Bono, whose word is taken that who is registered came the protected way (integrity-protected)',
    { defaultText: 'none' },
  )
  @Validate(Peers)
  pcscfPeers: string[] = [];
}
