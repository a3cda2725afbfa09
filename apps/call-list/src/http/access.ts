// Who may read a list: its user, by digest with the SIP credentials, from anywhere; and who has an API key of the role, from a trusted
// address. Read by call-list.controller.ts.
import type { Asked, HttpDigest, Verdict } from '#libs/digest';
import type { ApiKeys, PeerCheck } from '#libs/runtime';

export type AccessPorts = Readonly<{ apiKeys: ApiKeys; peers: PeerCheck; digest: Pick<HttpDigest, 'judge'> }>;

export type Access = Readonly<{
  judge(asked: Asked & Readonly<{ apiKey: string | undefined }>, impu: string): Promise<Verdict>;
}>;

const REFUSED: Verdict = { kind: 'refused' };

export const createAccess = ({ apiKeys, peers, digest }: AccessPorts): Access => ({
  async judge({ apiKey, ...asked }, impu) {
    if (apiKey === undefined) return digest.judge(asked, { impu });
    // No keys are configured: then none opens anything, and users still have their own.
    if (apiKeys.open || !peers(asked.address)) return REFUSED;
    return apiKeys.check(apiKey, 'call-list') === 'ok' ? { kind: 'ok', impu } : REFUSED;
  },
});
