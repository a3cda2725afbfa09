// integrity-protected in the credentials of a REGISTER: what the edge tells the S-CSCF of the flow that they came by, and never
// what the client says of itself (TS 24.229 §5.2.2.2, §7.2A.2). Used by handlers/register.ts.
import { type Authorization, type Edits, H } from '#libs/sip';
import { withoutAuthParams } from './auth-params.js';

const INTEGRITY: ReadonlySet<string> = new Set(['integrity-protected']);

/** The mark that the S-CSCF reads (TS 24.229 §5.2.2.2): is the user already known on this flow? Never the client's own. */
export const markIntegrity = (edits: Edits, { value, credentials }: Authorization, known: boolean): void => {
  const isClean = credentials !== undefined && credentials.integrityProtected === undefined;
  const clean = isClean ? value : withoutAuthParams(value, INTEGRITY);
  const answered = (credentials?.response ?? '') !== '';
  const mark = known ? 'ip-assoc-yes' : answered ? 'ip-assoc-pending' : undefined;
  edits.replace(H.Authorization, mark === undefined ? clean : `${clean}, integrity-protected="${mark}"`);
};
