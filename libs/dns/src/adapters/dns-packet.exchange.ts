// One question to one DNS server: over UDP with EDNS, over TCP where the reply was cut off (RFC 1035 §4.2, RFC 7766), once more
// without EDNS where the server does not know it (RFC 6891 §7). A socket a question: the kernel picks its port at random
// and takes replies of that server only, which with a random id is what keeps others from answering (RFC 5452).
// Messages are dns-packet's.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type Answer, decode, type DecodedPacket, encode, RECURSION_DESIRED } from 'dns-packet';
import type { Clock, Random } from '#libs/runtime';
import { dnsName } from '../dns-name.js';
import {
  type DnsExchange,
  type DnsReply,
  type DnsServer,
  DnsUnavailable,
  type RecordType,
  type ReplyRecord,
} from '../dns.port.js';

/** What goes through nearly every path in one piece (DNS flag day 2020). */
const UDP_BYTES = 1_232;
const TCP_BYTES_MAX = 65_535;
/** RFC 2181 §8: a TTL with the highest bit set is none. */
const TTL_S_LAST = 0x7fff_ffff;
const EDNS: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: UDP_BYTES,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

type Question = Readonly<{ id: number; name: string; type: RecordType }>;
/** 'cut': ask over TCP. 'no-edns': ask without. 'other': not the reply to this question. */
type Read = DnsReply | 'cut' | 'no-edns' | 'other';

export const createDnsExchange = ({
  clock,
  random,
}: Readonly<{ clock: Clock; random: Random }>): DnsExchange => ({
  async ask(server, name, type, timeoutMs) {
    const question = { id: random.bytes(2).readUInt16BE(), name, type };
    const untilMs = clock.monotonicMs() + timeoutMs;
    const leftMs = (): number => Math.max(1, untilMs - clock.monotonicMs());
    let read = await askByUdp(clock, server, question, true, leftMs());
    if (read === 'no-edns') read = await askByUdp(clock, server, question, false, leftMs());
    if (read === 'cut') read = await askByTcp(clock, server, question, leftMs());
    if (typeof read === 'string') throw new DnsUnavailable(`${server.address}: unusable reply`);
    return read;
  },
});

const encoded = ({ id, name, type }: Question, edns: boolean): Buffer =>
  encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type, name }],
    ...(edns ? { additionals: [EDNS] } : {}),
  });

const askByUdp = (
  clock: Clock,
  { address, port }: DnsServer,
  question: Question,
  edns: boolean,
  timeoutMs: number,
): Promise<Read> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const end = (settle: () => void): void => {
      cancel();
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      settle();
    };
    const fail = (what: string): void => end(() => reject(new DnsUnavailable(`${address}: ${what}`)));
    const cancel = clock.after(timeoutMs, () => fail('no reply in time'));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'socket error'));
    socket.on('message', (datagram) => {
      const read = readMessage(datagram, question);
      if (read instanceof DnsUnavailable) fail(read.message);
      else if (read !== 'other') end(() => resolve(read));
    });
    socket.connect(port, address, () => socket.send(encoded(question, edns)));
  });

const askByTcp = (
  clock: Clock,
  { address, port }: DnsServer,
  question: Question,
  timeoutMs: number,
): Promise<Read> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    let heard = Buffer.alloc(0);
    const end = (settle: () => void): void => {
      cancel();
      socket.destroy();
      settle();
    };
    const fail = (what: string): void => end(() => reject(new DnsUnavailable(`${address}: ${what}`)));
    const cancel = clock.after(timeoutMs, () => fail('no reply in time'));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'socket error'));
    socket.on('close', () => fail('closed without a reply'));
    socket.on('connect', () => {
      const message = encoded(question, true);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.length > TCP_BYTES_MAX + 2) return fail('too long a reply');
      if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE()) return;
      const read = readMessage(heard.subarray(2, 2 + heard.readUInt16BE()), question);
      if (read instanceof DnsUnavailable) fail(read.message);
      else end(() => resolve(read));
    });
  });

/** An Error: the server says that it cannot. What nobody can read may be a stranger's: the server's own may still come. */
const readMessage = (bytes: Buffer, question: Question): Read | DnsUnavailable => {
  try {
    return judge(decode(bytes), question);
  } catch {
    return 'other';
  }
};

const judge = (packet: DecodedPacket & { rcode?: string }, question: Question): Read | DnsUnavailable => {
  const [asked] = packet.questions ?? [];
  const isReply = packet.type === 'response' && packet.id === question.id;
  const isOurs = asked?.type === question.type && dnsName(asked.name) === question.name;
  const { rcode } = packet;
  // A server that does not know EDNS may leave the question out.
  const knowsNoEdns = rcode === 'FORMERR' || rcode === 'NOTIMP';
  if (isReply && knowsNoEdns && (isOurs || asked === undefined)) return 'no-edns';
  if (!isReply || !isOurs) return 'other';
  if (packet.flag_tc) return 'cut';
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return new DnsUnavailable(rcode ?? 'no status');
  return {
    exists: rcode === 'NOERROR',
    records: (packet.answers ?? []).flatMap(replyRecord),
    negativeTtlS: negativeTtlOf(packet.authorities ?? []),
  };
};

const ttlOf = ({ ttl = 0 }: Readonly<{ ttl?: number | undefined }>): number => (ttl > TTL_S_LAST ? 0 : ttl);

/** None for what is of no use here, or names what is no host. */
const replyRecord = (answer: Answer): ReplyRecord[] => {
  const name = dnsName(answer.name);
  if (name === undefined || answer.type === 'OPT') return [];
  const ttlS = ttlOf(answer);
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      return [{ name, ttlS, record: { type: answer.type, address: answer.data } }];
    case 'CNAME': {
      const alias = dnsName(answer.data);
      return alias === undefined ? [] : [{ name, ttlS, alias }];
    }
    case 'SRV': {
      const { priority = 0, weight = 0, port, target: written } = answer.data;
      const target = written === '.' || written === '' ? '' : dnsName(written);
      return target === undefined
        ? []
        : [{ name, ttlS, record: { type: 'SRV', priority, weight, port, target } }];
    }
    case 'NAPTR': {
      const { order, preference, flags, services, regexp, replacement } = answer.data;
      return [
        { name, ttlS, record: { type: 'NAPTR', order, preference, flags, services, regexp, replacement } },
      ];
    }
    default:
      return [];
  }
};

const negativeTtlOf = (authorities: readonly Answer[]): number | undefined => {
  for (const authority of authorities)
    if (authority.type === 'SOA') return Math.min(ttlOf(authority), authority.data.minimum ?? 0);
  return undefined;
};
