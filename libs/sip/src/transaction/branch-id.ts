// Branch parameters of this endpoint: cookie, a mark of the endpoint, a hash for loop detection, a random part.
// RFC 3261 §16.6 item 8, §16.11; RFC 5393 §4.2. Writers and readers: proxy.ts, client-branch.ts, endpoint.ts.
import type { Random } from '#libs/runtime';
import { H, type HeaderId } from '../message/header-table.js';
import { LINE_STRIDE, type SipMessage } from '../message/message.js';
import { MAGIC_COOKIE } from './top-via.js';

const MARK_LENGTH = 5;
const HASH_LENGTH = 9; // 32 bits as 12 + 12 + 8, three hexadecimal digits each
/**
 * 60 random bits, beside the 32 of the hash, which has a secret seed. Twelve characters: a slice of thirteen would keep the
 * whole text alive that it is cut from.
 */
const TOKEN_LENGTH = 12;
const POOL_TOKENS = 256;
/** Fills a stateless branch up to the length of the others. */
const STATELESS = '000';

/** What the routing of a request depends on, beside the Request-URI and the listener (RFC 5393 §4.2.1). */
const HASHED_IDS: readonly HeaderId[] = [
  H.Route,
  H.CallId,
  H.PAssertedIdentity,
  H.PServedUser,
  H.ProxyRequire,
];
const hashed = new Uint8Array(64);
for (const id of HASHED_IDS) hashed[id] = 1;

export class BranchIds {
  /** What every branch of this endpoint begins with. */
  readonly prefix: string;
  private readonly hashAt: number;
  private readonly tokenAt: number;
  private pool = '';
  private used = 0;
  private readonly seed: number;

  /** `mark`: what it begins with behind the cookie, where that tells workers apart. */
  constructor(
    private readonly random: Random,
    mark = '',
  ) {
    this.prefix = MAGIC_COOKIE + mark + random.token(MARK_LENGTH - mark.length);
    this.hashAt = this.prefix.length;
    this.tokenAt = this.hashAt + HASH_LENGTH;
    this.seed = Math.floor(random.fraction() * 2 ** 32) | 0;
  }

  /** What makes a branch unique: finds the transaction of a response. */
  newToken(): string {
    if (this.used === this.pool.length) {
      this.pool = this.random.token(TOKEN_LENGTH * POOL_TOKENS);
      this.used = 0;
    }
    this.used += TOKEN_LENGTH;
    return this.pool.slice(this.used - TOKEN_LENGTH, this.used);
  }

  /** The branch with this token; it carries the hash of the request that it forwards. */
  branch(hash: string, token: string): string {
    return this.prefix + hash + token;
  }

  /** The branch of a request forwarded without state: the same for each retransmission (RFC 3261 §16.11). */
  stateless(request: SipMessage): string {
    const via = request.header(H.Via) ?? '';
    const callId = request.header(H.CallId) ?? '';
    const one = hashText(via, 0, via.length, this.seed);
    const other = hashText(callId, 0, callId.length, hashText(via, 0, via.length, ~this.seed));
    return this.prefix + digits(one) + digits(other) + STATELESS;
  }

  /** The hash of what decides where a request goes. The method is not in it: CANCEL and ACK have the INVITE's branch. */
  hash(request: SipMessage, listener: string): string {
    const { raw, lines, lineCount, requestUri } = request;
    let hash = hashText(listener, 0, listener.length, this.seed ^ request.cseq);
    hash = hashText(requestUri, 0, requestUri.length, hash);
    for (let line = 0, at = 0; line < lineCount; line++, at += LINE_STRIDE) {
      const id = lines[at]!;
      if (hashed[id] === 1) hash = hashText(raw, lines[at + 2]!, lines[at + 3]!, hash ^ id);
    }
    return digits(hash);
  }

  /**
   * True when this request has been here before with nothing changed that decides where it goes: a loop. A spiral (another
   * Request-URI, another Route, …) has another hash.
   */
  looped(request: SipMessage, listener: string): boolean {
    const { raw, lines } = request;
    let hash: string | undefined;
    for (let line = request.findLine(H.Via); line >= 0; line = request.findLine(H.Via, line + 1)) {
      const vias = raw.slice(lines[line * LINE_STRIDE + 2], lines[line * LINE_STRIDE + 3]);
      for (let at = vias.indexOf(this.prefix); at >= 0; at = vias.indexOf(this.prefix, at + this.hashAt)) {
        hash ??= this.hash(request, listener);
        if (vias.startsWith(hash, at + this.hashAt)) return true;
      }
    }
    return false;
  }

  /** The token in the topmost Via's branch if that is one of this endpoint's, else ''. */
  tokenOf(response: SipMessage): string {
    const line = response.findLine(H.Via);
    const { raw, lines } = response;
    const start = lines[line * LINE_STRIDE + 2]!;
    const at = raw.indexOf(this.prefix, start);
    const end = at + this.tokenAt + TOKEN_LENGTH;
    if (at < 0 || end > lines[line * LINE_STRIDE + 3]!) return '';
    const comma = raw.indexOf(',', start);
    return comma < 0 || comma > at ? raw.slice(end - TOKEN_LENGTH, end) : '';
  }
}

/** FNV-1a over a piece of text. */
const hashText = (text: string, start: number, end: number, seed: number): number => {
  let hash = seed ^ 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
};

/** Twelve bits as three digits; toString and padStart cost three times as much. */
const DIGITS = Array.from({ length: 4_096 }, (_, bits) => bits.toString(16).padStart(3, '0'));

const digits = (hash: number): string =>
  DIGITS[hash >>> 20]! + DIGITS[(hash >>> 8) & 4_095]! + DIGITS[hash & 255]!;
