// The Contact of somebody who wants user or header privacy: the other side gets one that leads to this server, with the real one
// sealed in it, so that nothing has to be remembered (RFC 3323 §5.1). Read and written by private-dialog.ts.
import type { Random } from '#libs/runtime';
import { addrUri, hostPortOf, removeParam, SEAL_IV_BYTES, TextSeal, userOf } from '#libs/sip';

const USER_PREFIX = 'anonymous.';
/** Of the URI that is sealed; a longer one is replaced by one that leads nowhere. */
const URI_LENGTH_MAX = 500;
/** Parameters that name the device. */
const TELLING_PARAMS = ['+sip.instance', 'reg-id'] as const;

export class ContactSeal {
  readonly #seal: TextSeal;

  /** `key`: at least 32 bytes that outlive the process; `host`: host:port by which this server is found. */
  constructor(
    key: Buffer,
    private readonly host: string,
    private readonly random: Random,
  ) {
    this.#seal = new TextSeal(key, 'private contacts');
  }

  /** A Contact value without a trace of who is behind it. */
  hide(contact: string): string {
    const uri = addrUri(contact);
    const bare = TELLING_PARAMS.reduce(removeParam, contact);
    const after = bare.indexOf('>');
    const user =
      uri.length > URI_LENGTH_MAX
        ? 'anonymous'
        : USER_PREFIX + this.#seal.seal(uri, '', this.random.bytes(SEAL_IV_BYTES));
    return `<sip:${user}@${this.host};transport=tcp>${after < 0 ? '' : bare.slice(after + 1)}`;
  }

  isHidden(uri: string): boolean {
    return userOf(uri).startsWith(USER_PREFIX) && hostPortOf(uri) === this.host;
  }

  /** The URI behind a hidden one; undefined: it is none of ours. */
  reveal(uri: string): string | undefined {
    return this.isHidden(uri) ? this.#seal.open(userOf(uri).slice(USER_PREFIX.length)) : undefined;
  }
}
