// Ellis' variables, beside those that every app shares (libs/runtime ProcessConfig).
// Read by main.ts here and by apps/clearwater.
import { ArrayMaxSize, IsInt, Matches, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const PORT = { message: 'takes a port, 0 to 65535' };
const NUMBERS = { message: 'takes a number, 1 to 1000' };
const RANGES = {
  each: true,
  message: 'takes ranges such as 6505550000-6505550999, both ends of the same length, comma-separated',
};
/** Both ends are written alike: what is between them is counted. */
const RANGE = /^(\+?\d{1,15})(-\+?\d{1,15})?$/;
const HTTP_URL = { message: 'takes an http or https URL' };

export class EllisConfig {
  @Env('ELLIS_PORT', 'TCP port of the portal and its API')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  ellisPort = 8080;

  @Env('ELLIS_URL', 'where people reach the portal: links in mails begin so; https makes cookies Secure', {
    defaultText: '`http://BIND_ADDRESS:ELLIS_PORT`, https: with HTTP_TLS_CERT_FILE',
  })
  @Matches(/^(https?:\/\/[^\s/?#]{1,250})?$/, { message: 'takes an http or https URL without a path' })
  ellisUrl = '';

  @Env(
    'ELLIS_API_KEY',
    'keys that act for any account, in NGV-API-Key or X-API-Key, comma-separated. Unset: API_KEYS for everything or of role ellis',
    { kind: 'list', secret: true, defaultText: '`API_KEYS`' },
  )
  @ArrayMaxSize(16, { message: 'takes at most 16 keys' })
  @Matches(/^[\x21-\x7e]{6,256}$/, {
    each: true,
    message: 'takes keys of 6 to 256 printable characters, comma-separated',
  })
  ellisApiKey: string[] = [];

  @Env(
    'SIGNUP_CODE',
    'who knows it may make an account. Unset: one is made at first start and kept in DATA_DIR/signup-code',
    {
      secret: true,
    },
  )
  @Matches(/^[\x20-\x7e]{0,256}$/, { message: 'takes at most 256 printable characters' })
  signupCode = '';

  @Env('NUMBER_RANGES', 'numbers that lines are made of; a million at most')
  @ArrayMaxSize(64, { message: 'takes at most 64 ranges' })
  @Matches(RANGE, RANGES)
  numberRanges: string[] = ['6505550000-6505550999'];

  @Env('PSTN_NUMBER_RANGES', 'numbers for lines that the public network reaches', { kind: 'list' })
  @ArrayMaxSize(64, { message: 'takes at most 64 ranges' })
  @Matches(RANGE, RANGES)
  pstnNumberRanges: string[] = [];

  @Env('NUMBERS_PER_ACCOUNT_MAX', 'numbers of one account; more are refused with 403')
  @IsInt(NUMBERS)
  @Min(1, NUMBERS)
  @Max(1000, NUMBERS)
  numbersPerAccountMax = 20;

  @Env('HOMESTEAD_PROV_URL', 'where Homestead Prov answers, when Ellis runs apart')
  @Matches(/^https?:\/\/[^\s/?#]{1,250}\/?$/, HTTP_URL)
  homesteadProvUrl = 'http://127.0.0.1:8889';

  @Env('HOMER_URL', 'where Homer answers, when Ellis runs apart', {
    defaultText: '`http://127.0.0.1:7888`; in one process where Homer is',
  })
  @Matches(/^(https?:\/\/[^\s/?#]{1,250}\/?)?$/, HTTP_URL)
  homerUrl = '';

  @Env(
    'SPROUT_HTTP_URL',
    'where the registrar is told of lines that are taken away, when Ellis runs apart. Unset: their phones stay registered until they would have to register again',
  )
  @Matches(/^(https?:\/\/[^\s/?#]{1,250}\/?)?$/, HTTP_URL)
  sproutHttpUrl = '';

  @Env('PROJECTOR_URL', 'a projector whose views and parked streams operators see, when Ellis runs apart')
  @Matches(/^(https?:\/\/[^\s/?#]{1,250}\/?)?$/, HTTP_URL)
  projectorUrl = '';

  @Env('CHRONOS_URL', 'a Chronos whose timers and dead letters operators see, when Ellis runs apart')
  @Matches(/^(https?:\/\/[^\s/?#]{1,250}\/?)?$/, HTTP_URL)
  chronosUrl = '';

  @Env(
    'ELLIS_WEBSOCKET_URLS',
    'WebSockets of the edge, for the phone in the page: ws: or wss:, comma-separated',
    {
      kind: 'list',
      defaultText: 'those of the edge of the same process',
    },
  )
  @ArrayMaxSize(8, { message: 'takes at most 8 URLs' })
  @Matches(/^wss?:\/\/[A-Za-z0-9.[\]:-]{1,253}(\/[A-Za-z0-9._/-]{0,200})?$/, {
    each: true,
    message: 'takes ws: and wss: URLs, comma-separated',
  })
  ellisWebsocketUrls: string[] = [];

  @Env(
    'SMTP_URL',
    'who takes recovery mails: smtp://user:password@host:587 or smtps:. Unset: none are sent',
    {
      secret: true,
    },
  )
  @Matches(/^(smtps?:\/\/[^\s]{1,500})?$/, { message: 'takes an smtp: or smtps: URL' })
  smtpUrl = '';

  @Env('MAIL_FROM', 'sender of mails')
  @Matches(/^[^\r\n]{3,254}$/, { message: 'takes an address' })
  mailFrom = 'Clearwater <noreply@ims.test>';
}
