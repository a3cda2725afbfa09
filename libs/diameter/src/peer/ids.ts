// Hop-by-hop and end-to-end identifiers, and session ids. RFC 6733 §3 (how they begin after a start), §8.8.
import type { Clock, Random } from '#libs/runtime';

export interface Ids {
  /** Unique among the requests that are on their way. */
  hopByHop(): number;
  /** Unique for longer than four minutes, also over a restart. */
  endToEnd(): number;
  /** `<identity>;<high 32 bits>;<low 32 bits>`. */
  session(host: string): string;
}

const LOW_20 = 0xf_ffff;
const LOW_12 = 0xfff;

export const createIds = (clock: Pick<Clock, 'nowMs'>, random: Pick<Random, 'bytes'>): Ids => {
  const seconds = Math.floor(clock.nowMs() / 1000);
  let hop = random.bytes(4).readUInt32BE(0);
  let end = (((seconds & LOW_12) << 20) | (random.bytes(4).readUInt32BE(0) & LOW_20)) >>> 0;
  let session = 0;
  return {
    hopByHop: () => (hop = (hop + 1) >>> 0),
    endToEnd: () => (end = (end + 1) >>> 0),
    session: (host) => `${host};${seconds};${(session = (session + 1) >>> 0)}`,
  };
};
