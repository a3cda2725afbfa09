// Capabilities exchange: what stands in a CER and a CEA, which applications two nodes have in common, and why a CER is refused.
// RFC 6733 §5.3, §6.8–6.11. Used by peer.ts and incoming.ts.
import type { Fault } from '../codec/avp.js';
import { RESULT } from '../codec/result-codes.js';
import { RELAY_APPLICATION } from '../dictionary/base-protocol.dictionary.js';
import { type Application, commandByShort } from '../dictionary/dictionary.js';
import type { Avps } from '../message/avps.js';
import { checkRequest } from '../message/check-message.js';
import { type Message, resultOf } from '../message/message.js';
import type { Body } from '../message/write-message.js';

/** What this node says of itself. */
export type LocalNode = Readonly<{
  host: string;
  realm: string;
  addresses: readonly string[];
  vendorId: number;
  productName: string;
  applications: readonly Application[];
  /** Rises with each start, so that a peer knows that this node has forgotten its state (§8.16). */
  originStateId: number;
}>;

export type RemoteCapabilities = Readonly<{
  host: string;
  realm: string;
  productName: string;
  originStateId: number | undefined;
  /** Of ours, those that it has too. */
  common: ReadonlySet<number>;
  /** It takes what is for others. */
  isRelay: boolean;
}>;

export const identityBody = ({ host, realm }: LocalNode): Body => ({
  'Origin-Host': host,
  'Origin-Realm': realm,
});

const vendorSpecific = ({ id, vendorId, kind }: Application): Body => ({
  'Vendor-Id': vendorId,
  [kind === 'auth' ? 'Auth-Application-Id' : 'Acct-Application-Id']: id,
});

/** What CER and CEA have alike. */
export const capabilitiesBody = (local: LocalNode): Body => {
  const plain = (kind: Application['kind']) =>
    local.applications.filter((one) => one.vendorId === 0 && one.kind === kind).map(({ id }) => id);
  const vendors = local.applications.filter(({ vendorId }) => vendorId !== 0);
  return {
    ...identityBody(local),
    'Host-IP-Address': local.addresses,
    'Vendor-Id': local.vendorId,
    'Product-Name': local.productName,
    'Origin-State-Id': local.originStateId,
    'Supported-Vendor-Id': [...new Set(vendors.map(({ vendorId }) => vendorId))],
    'Auth-Application-Id': plain('auth'),
    'Acct-Application-Id': plain('acct'),
    'Vendor-Specific-Application-Id': vendors.map(vendorSpecific),
  };
};

const applicationsOf = (avps: Avps): ReadonlySet<number> => {
  const groups = avps.groups('Vendor-Specific-Application-Id');
  return new Set([
    ...avps.all('Auth-Application-Id'),
    ...avps.all('Acct-Application-Id'),
    ...groups.flatMap((one) => [...one.all('Auth-Application-Id'), ...one.all('Acct-Application-Id')]),
  ]);
};

/** Of a CER or a CEA. undefined: it does not say who it is. */
export const remoteCapabilities = ({ avps }: Message, local: LocalNode): RemoteCapabilities | undefined => {
  const host = avps.get('Origin-Host');
  const realm = avps.get('Origin-Realm');
  if (host === undefined || realm === undefined) return undefined;
  const theirs = applicationsOf(avps);
  const isRelay = theirs.has(RELAY_APPLICATION);
  const common = new Set(
    local.applications
      .map(({ id }) => id)
      .filter((id) => isRelay || id === RELAY_APPLICATION || theirs.has(id)),
  );
  const productName = avps.get('Product-Name') ?? '';
  return { host, realm, productName, originStateId: avps.get('Origin-State-Id'), common, isRelay };
};

const INBAND_NONE = 0;

export type CerJudged =
  | Readonly<{ ok: true; remote: RemoteCapabilities }>
  | Readonly<{ ok: false; fault: Fault; remote?: RemoteCapabilities }>;

/** §5.3: a CER is answered, and the connection closed, when we have nothing in common or do not know who it is. */
export const judgeCer = (
  cer: Message,
  local: LocalNode,
  isWelcome: (remote: RemoteCapabilities) => boolean,
): CerJudged => {
  const wrong = checkRequest(cer, commandByShort('CER'));
  if (wrong) return { ok: false, fault: wrong };
  const remote = remoteCapabilities(cer, local);
  if (!remote) return { ok: false, fault: { resultCode: RESULT.DIAMETER_MISSING_AVP, reason: 'no identity' } };
  const refused = (resultCode: number, reason: string): CerJudged => ({ ok: false, remote, fault: { resultCode, reason } });
  if (!isWelcome(remote)) return refused(RESULT.DIAMETER_UNKNOWN_PEER, `${remote.host} is not known here`);
  const security = cer.avps.all('Inband-Security-Id');
  if (security.length > 0 && !security.includes(INBAND_NONE))
    return refused(RESULT.DIAMETER_NO_COMMON_SECURITY, 'in-band security is not offered: TLS comes first');
  if (remote.common.size === 0)
    return refused(RESULT.DIAMETER_NO_COMMON_APPLICATION, 'no application in common');
  return { ok: true, remote };
}; // prettier-ignore

/** A CEA that lets us in; `expected` is whom we called. */
export const judgeCea = (
  cea: Message,
  local: LocalNode,
  expected: Readonly<{ host: string; isAnyone?: boolean }>,
): RemoteCapabilities | { refusal: string } => {
  const result = resultOf(cea);
  if (result?.code !== RESULT.DIAMETER_SUCCESS)
    return { refusal: `answered ${result?.code ?? 'without a result'} ${cea.avps.get('Error-Message') ?? ''}`.trim() };
  const remote = remoteCapabilities(cea, local);
  if (!remote) return { refusal: 'does not say who it is' };
  if (!expected.isAnyone && remote.host.toLowerCase() !== expected.host.toLowerCase()) return { refusal: `is ${remote.host}` };
  return remote.common.size === 0 ? { refusal: 'no application in common' } : remote;
}; // prettier-ignore
