// The answer to a request that cannot be cut out of its stream: 400 or 513, made from the head's own lines without
// parsing it (RFC 3261 §18.3, §8.2.6). The connection is closed after it. Reader: adapters/tcp.ts.
import type { FramingFault } from './stream-framer.js';

const STATUS: Readonly<Partial<Record<FramingFault, string>>> = {
  'content-length-missing': '400 Content-Length Required on a Stream',
  'content-length-bad': '400 Bad Content-Length',
  'message-too-large': '513 Message Too Large',
};

/** Headers that a response repeats, with their compact forms. */
const REPEATED: ReadonlySet<string> = new Set(['via', 'v', 'from', 'f', 'to', 't', 'call-id', 'i', 'cseq']);
const LINES_MAX = 256;

/** undefined for a response, an ACK, or a head that lacks what an answer must carry. */
export const framingReply = (fault: FramingFault, head: string, tag: string): string | undefined => {
  const status = STATUS[fault];
  if (status === undefined || head.startsWith('SIP/2.0') || head.startsWith('ACK ')) return undefined;
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n', LINES_MAX);
  const seen = new Set<string>();
  let repeated = '';
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    if (!REPEATED.has(name)) continue;
    seen.add(name.charAt(0) === 'c' ? name : name.charAt(0));
    const isTo = name === 'to' || name === 't';
    repeated += isTo && !/;\s*tag\s*=/i.test(line) ? `${line};tag=${tag}\r\n` : `${line}\r\n`;
  }
  const complete =
    ['v', 'f', 't', 'cseq'].every((name) => seen.has(name)) && (seen.has('i') || seen.has('call-id'));
  return complete ? `SIP/2.0 ${status}\r\n${repeated}Content-Length: 0\r\n\r\n` : undefined;
};
