// A question as bytes, and a reply read from bytes that may be anybody's. Messages are dns-packet's (RFC 1035 §4, RFC 6891 §6).
// Pure. Reader: dns-packet.exchange.ts.
import { type Answer, decode, type DecodedPacket, encode, RECURSION_DESIRED } from 'dns-packet';
import { dnsName } from '../dns-name.js';
import { type DnsReply, DnsUnavailable, type RecordType, type ReplyRecord } from '../dns.port.js';

/** What goes through nearly every path in one piece (DNS flag day 2020). */
const UDP_BYTES = 1_232;
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

export type Question = Readonly<{ id: number; name: string; type: RecordType }>;
/** 'cut': ask over TCP. 'no-edns': ask without. 'other': not the reply to this question. */
export type Read = DnsReply | 'cut' | 'no-edns' | 'other';

export const encodeQuestion = ({ id, name, type }: Question, edns: boolean): Buffer =>
  encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type, name }],
    ...(edns ? { additionals: [EDNS] } : {}),
  });

/** An Error: the server says that it cannot. What nobody can read may be a stranger's: the server's own may still come. */
export const readMessage = (bytes: Buffer, question: Question): Read | DnsUnavailable => {
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
