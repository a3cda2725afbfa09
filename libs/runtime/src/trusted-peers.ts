// Who may talk to a trusted listener (SIP 5052–5058, HTTP, management): addresses and networks of TRUSTED_PEERS.
// The machine itself is always trusted. Read by libs/sip's adapters (through the apps), by http.ts, and for lists of other peers.
import { BlockList, isIP, isIPv4 } from 'node:net';

/** True for an address that may connect. Never throws: what is no address is not trusted. */
export type PeerCheck = (address: string) => boolean;

const PEERS_MAX = 1024;

/** What is wrong with an entry of TRUSTED_PEERS, or undefined. */
export const peerFault = (entry: string): string | undefined => {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0)
    return `'${entry}' is neither an IP address nor a network such as 10.0.0.0/8`;
  if (bits === undefined) return undefined;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return `'${entry}' has a bad prefix length`;
  return undefined;
};

/** Addresses that were judged lately; then anew. Peers are few, and each is asked for at every request. */
const JUDGED_MAX = 1_000;
/** IPv6 with an IPv4 address in it; what is longer is not kept. */
const ADDRESS_CHARACTERS_MAX = 45;

const remembering = (judge: PeerCheck): PeerCheck => {
  const judged = new Map<string, boolean>();
  return (address) => {
    const known = judged.get(address);
    if (known !== undefined) return known;
    const verdict = judge(address);
    if (judged.size >= JUDGED_MAX) judged.clear();
    if (address.length <= ADDRESS_CHARACTERS_MAX) judged.set(address, verdict);
    return verdict;
  };
};

/** `withOwnMachine`: loopback is trusted whatever the entries say. */
export const createPeerCheck = (trustedPeers: readonly string[], withOwnMachine = true): PeerCheck => {
  if (trustedPeers.length > PEERS_MAX) throw new Error(`TRUSTED_PEERS takes at most ${PEERS_MAX} entries`);
  const list = new BlockList();
  if (withOwnMachine) {
    list.addSubnet('127.0.0.0', 8, 'ipv4');
    list.addAddress('::1', 'ipv6');
  }
  for (const entry of trustedPeers) {
    const fault = peerFault(entry);
    if (fault !== undefined) throw new Error(`TRUSTED_PEERS: ${fault}`);
    const [address = '', bits] = entry.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return remembering((address) => {
    // A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d.
    const plain = address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address;
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  });
};

/** True for addresses that only this machine can reach. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
