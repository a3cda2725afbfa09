// Which of a request's credentials are meant for us: a client may answer several realms in one request, a header line each
// (RFC 3261 §22.1, §20.7). Readers: bono's and sprout's registration.
import { H } from '../message/header-table.js';
import { LINE_STRIDE, type SipMessage } from '../message/message.js';
import { type DigestCredentials, parseAuthorization } from './digest.js';

/** Lines that are looked through; a client answers two realms, seldom three. */
export const AUTHORIZATIONS_MAX = 8;

export type Authorization = Readonly<{
  value: string;
  /** undefined: it does not parse. */
  credentials: DigestCredentials | undefined;
}>;

const read = ({ raw, lines }: SipMessage, line: number): Authorization => {
  const value = raw.slice(lines[line * LINE_STRIDE + 2], lines[line * LINE_STRIDE + 3]);
  return { value, credentials: parseAuthorization(value) };
};

/** The Authorization of this realm, the first one where none is; undefined without any. */
export const authorizationFor = (message: SipMessage, realm: string): Authorization | undefined => {
  let line = message.findLine(H.Authorization);
  if (line < 0) return undefined;
  const first = read(message, line);
  let found = first;
  for (let count = 1; found.credentials?.realm !== realm && count < AUTHORIZATIONS_MAX; count += 1) {
    line = message.findLine(H.Authorization, line + 1);
    if (line < 0) return first;
    found = read(message, line);
  }
  return found.credentials?.realm === realm ? found : first;
};
