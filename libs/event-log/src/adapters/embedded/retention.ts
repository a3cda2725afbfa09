// Retention: what is older than LOG_RETENTION_DAYS leaves the log, except provisioning and accounts, which stay for ever.
// Run by housekeeping.ts on sealed segments only; the process goes on appending and reading meanwhile.
import type { FilePort } from './disk/file-port.js';
import { EXPECT_BITS, type Line } from './segments/record-format.js';
import { isCompacted, rewriteSegment, type Keep } from './segments/rewrite-segment.js';
import { scanSegment, type Segment } from './segments/segments.js';

const STAYS_FOR_EVER = /^\{"id":"[^"]*","type":"clearwater\.(?:provisioning|accounts)\./;

const keep: Keep = {
  mayStay: ({ contents }) => (contents & EXPECT_BITS) !== 0,
  stays: (line) => STAYS_FOR_EVER.test(line),
};

/** Sealed segments, not rewritten yet, whose events are all older than the time: each with the offset after its last. */
export const expiredSegments = async (
  disk: FilePort,
  segments: readonly Segment[],
  beforeMs: number,
): Promise<readonly Readonly<{ segment: Segment; end: number }>[]> => {
  const expired: { segment: Segment; end: number }[] = [];
  for (const [index, segment] of segments.entries()) {
    const following = segments[index + 1];
    if (!following) break;
    // Time goes with the offsets: a segment is older than the first event of the next one.
    const followedAtMs = await firstTimeMs(disk, following);
    if (followedAtMs !== undefined && followedAtMs >= beforeMs) break;
    if (!(await isCompacted(disk, segment))) expired.push({ segment, end: following.first });
  }
  return expired;
};

export const compactSegment = (disk: FilePort, folder: string, segment: Segment, end: number) =>
  rewriteSegment(disk, folder, segment, end, keep);

const firstTimeMs = async (disk: FilePort, { path, first }: Segment): Promise<number | undefined> => {
  const file = await disk.open(path, 'read');
  try {
    const scan = scanSegment(file, { at: 0, next: first, upTo: Infinity, wants: ({ count }) => count > 0 });
    const step = await scan.next();
    if (step.done) return undefined;
    await scan.return({ next: 0, at: 0, problem: undefined });
    const text = step.value[0]?.body.toString('utf8') ?? '';
    return Date.parse((JSON.parse(text.slice(0, text.indexOf('\n'))) as Line).time);
  } finally {
    await file.close();
  }
};
