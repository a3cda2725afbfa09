// What the server tells an application: leaders with their fields in the places that drachtio-srf reads them from.
// Correlation is by the id of the application's own message; SIP text follows the leader's line. Reader: application.ts.
import type { Flow } from '#libs/sip';

/** Which end of the network a message came from or went to. */
export type Peer = Readonly<{ protocol: string; address: string; port: number }>;

export type Told = Readonly<{ source: 'network' | 'application'; text: string; peer: Peer; nowMs: number }>;

/** `17:03:59.123000`, UTC. */
export const timeOf = (nowMs: number): string => `${new Date(nowMs).toISOString().slice(11, 23)}000`;

const fieldsOf = ({ source, text, peer, nowMs }: Told): string =>
  `${source}|${text.length}|${peer.protocol}|${peer.address}|${peer.port}|${timeOf(nowMs)}`;

/** A request or response: of a new request also where it came to. */
export const sipLeader = (
  id: string,
  told: Told,
  transactionId: string,
  dialogId: string,
  local?: Readonly<{ address: string; port: number }>,
): string => {
  const at = local === undefined ? '' : `${local.address}|${local.port}|`;
  return `${id}|sip|${fieldsOf(told)}|${transactionId}|${dialogId}|${at}`;
};

/** A response of the application's, as it was sent. */
export const sentResponse = (told: Told, transactionId: string, dialogId: string): string =>
  `OK|${fieldsOf(told)}|${transactionId}|${dialogId}||Msg sent:|`;

/** A request of the application's, as it was sent. */
export const sentRequest = (told: Told, transactionId: string): string =>
  `OK|${fieldsOf(told)}|${transactionId}|Msg sent:|`;

/** A final response of one branch of a proxied request: more follows. */
export const branchEnded = (told: Told): string => `OK|${fieldsOf(told)}|||continue`;

/** WebSockets are told as TCP, as drachtio does. */
export const peerOf = ({ transport, remoteAddress, remotePort }: Flow): Peer => ({
  protocol: transport === 'ws' || transport === 'wss' ? 'tcp' : transport,
  address: remoteAddress,
  port: remotePort,
});
