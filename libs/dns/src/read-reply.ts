// From a server's reply to an answer and how long it holds: aliases followed, times to live taken together.
// RFC 1034 §3.6.2 (CNAME), RFC 2181 §8 (TTL), RFC 2308 (negative answers). Pure. Reader: cached-dns.ts.
import type { DnsAnswer, DnsRecord, DnsReply, RecordType } from './dns.port.js';

/** Aliases followed in one reply; beyond, there is nothing. */
export const ALIASES_MAX = 8;
/** Records kept of one answer. */
export const RECORDS_MAX = 64;
/** No answer is believed for longer. */
export const TTL_S_MAX = 86_400;
export const NEGATIVE_TTL_S_MAX = 300;
/** A reply without SOA is not to be cached (RFC 2308 §5); this long nevertheless, so that one caller cannot make a storm. */
export const NEGATIVE_TTL_S_WITHOUT_SOA = 5;

export type TimedAnswer = Readonly<{ answer: DnsAnswer; ttlS: number }>;

export const readReply = (reply: DnsReply, asked: string, type: RecordType): TimedAnswer => {
  let name = asked;
  let ttlS = TTL_S_MAX;
  for (let aliases = 0; aliases <= ALIASES_MAX; aliases++) {
    const found: DnsRecord[] = [];
    let alias: string | undefined;
    for (const one of reply.records) {
      if (one.name !== name) continue;
      if ('alias' in one) alias ??= one.alias;
      else if (one.record.type === type && found.length < RECORDS_MAX) found.push(one.record);
      else continue;
      ttlS = Math.min(ttlS, one.ttlS);
    }
    if (found.length > 0) return { answer: { kind: 'found', records: found }, ttlS };
    if (alias === undefined) break;
    name = alias;
  }
  const { negativeTtlS = NEGATIVE_TTL_S_WITHOUT_SOA } = reply;
  return { answer: { kind: 'none' }, ttlS: Math.min(ttlS, negativeTtlS, NEGATIVE_TTL_S_MAX) };
};
