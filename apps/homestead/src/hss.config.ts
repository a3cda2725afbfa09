// Variables of Homestead's HSS mode: where an HSS holds the subscribers. Read by main.ts here and by apps/clearwater.
import { ArrayMaxSize, IsBoolean, IsInt, IsUrl, Matches, Max, Min, Validate, ValidatorConstraint } from 'class-validator'; // prettier-ignore
import { parsePeerAddress } from '#libs/diameter';
import { Env } from '#libs/runtime';

export const HSS_PEERS_MAX = 8;
const TIMEOUT = { message: 'takes milliseconds, 50 to 10000' };
const SECONDS = { message: 'takes whole seconds, 1 to 604800' };
const NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/;
const OPTIONAL_NAME = /^([A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)?$/;
const FILE = { message: 'takes a file' };

@ValidatorConstraint({ name: 'hss-peers' })
class HssPeers {
  validate(value: unknown): boolean {
    return (
      Array.isArray(value) &&
      value.every((one) => typeof one === 'string' && parsePeerAddress(one) !== undefined)
    );
  }
  defaultMessage(): string {
    return 'takes <host>[:<port>], or aaa:// or aaas:// and the HSS’s own name, comma-separated';
  }
}

export class HssConfig {
  @Env('HSS_PEERS', 'HSSs or Diameter agents, first to try first; empty: subscribers are this deployment’s own. As aaa://<name> the name is checked', {
    kind: 'list',
  }) // prettier-ignore
  @ArrayMaxSize(HSS_PEERS_MAX, { message: `takes at most ${HSS_PEERS_MAX} peers` })
  @Validate(HssPeers)
  hssPeers: string[] = [];

  @Env('DEST_REALM', 'Diameter realm of the HSS', { defaultText: '`HOME_DOMAIN`' })
  @Matches(OPTIONAL_NAME, { message: 'takes a domain name' })
  destRealm = '';

  @Env('DEST_HOST', 'Diameter name of the one HSS that is asked; empty: any of the realm')
  @Matches(OPTIONAL_NAME, { message: 'takes a domain name' })
  destHost = '';

  @Env('DIAMETER_HOST', 'our own name on Diameter (Origin-Host), another one for each node', {
    defaultText: '`homestead-<MANAGEMENT_PORT>.<host name>.<HOME_DOMAIN>`',
  })
  @Matches(OPTIONAL_NAME, { message: 'takes a domain name' })
  diameterHost = '';

  @Env('DIAMETER_REALM', 'our own realm (Origin-Realm)', { defaultText: '`HOME_DOMAIN`' })
  @Matches(OPTIONAL_NAME, { message: 'takes a domain name' })
  diameterRealm = '';

  @Env('DIAMETER_TIMEOUT_MS', 'how long an HSS may take, ms; then the next one is asked, once')
  @IsInt(TIMEOUT)
  @Min(50, TIMEOUT)
  @Max(10_000, TIMEOUT)
  diameterTimeoutMs = 500;

  @Env('DIAMETER_CA_FILE', 'certificate of who signs the HSS’s, PEM, for aaas:// peers')
  @Matches(/^[^\0]*$/, FILE)
  diameterCaFile = '';

  @Env('DIAMETER_CERT_FILE', 'our certificate for them, PEM')
  @Matches(/^[^\0]*$/, FILE)
  diameterCertFile = '';

  @Env('DIAMETER_KEY_FILE', 'its key, PEM')
  @Matches(/^[^\0]*$/, FILE)
  diameterKeyFile = '';

  @Env('HSS_REREGISTRATION_TIME', 'a registration is told to the HSS again when it was not for so long, s')
  @IsInt(SECONDS)
  @Min(1, SECONDS)
  @Max(604_800, SECONDS)
  hssReregistrationTime = 1_800;

  @Env('REQUEST_SHARED_IFCS', 'tell the HSS that filter criteria may be named by number (shared iFC sets)', {
    kind: 'boolean',
  })
  @IsBoolean({ message: 'takes 1 or 0' })
  requestSharedIfcs = false;

  @Env('SPROUT_HTTP_URL', 'where the registrar is told of registrations that the HSS ends, when Homestead runs apart') // prettier-ignore
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true }, { message: 'takes an http or https URL' }) // prettier-ignore
  sproutHttpUrl = 'http://127.0.0.1:9888';
}

export const hasHss = ({ hssPeers }: HssConfig): boolean => hssPeers.length > 0;

/** Of a DiameterURI the host is the node's own name (RFC 6733 §4.3.1); of a bare address nothing is known but that. */
export const isNamedPeer = (peer: string): boolean => /^aaas?:\/\//.test(peer) && NAME.test(peer.replace(/^aaas?:\/\//, '').split(/[:;]/, 1)[0] ?? ''); // prettier-ignore
