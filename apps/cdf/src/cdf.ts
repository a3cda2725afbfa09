// CDF: takes accounting requests (RFC 6733 §9, TS 32.299), writes each down before it answers, and knows which it has seen: the same
// Session-Id and record number is the same record, with the T flag or without. For tests and demonstrations of Rf.
import { type DiameterNode, type From, isRetransmitted, type Message, RESULT } from '#libs/diameter';
import { cdfRecord, type CdfRecord } from './cdf-record.js';

/** Records remembered for the search for doubles; the oldest are forgotten. */
export const REMEMBERED_MAX = 1_000_000;

export type CdfPorts = Readonly<{
  node: Pick<DiameterNode, 'handle'>;
  write(record: CdfRecord): Promise<void>;
  nowMs(): number;
  /** The record could not be written. */
  failed(error: unknown): void;
}>;

export type CdfOptions = Readonly<{
  /** Put into answers to START and INTERIM: how often to hear of a session. */
  interimS?: number;
  /** Instead of taking the record: this Result-Code, to see what a client does. */
  resultCode?: number;
  rememberedMax?: number;
}>;

export type CdfCounts = Readonly<{
  records: number;
  duplicates: number;
  retransmitted: number;
  failed: number;
}>;

export interface Cdf {
  /** A record of an earlier run. */
  remember(record: Pick<CdfRecord, 'sessionId' | 'recordNumber'>): void;
  readonly counts: CdfCounts;
}

const keyOf = (sessionId: string, recordNumber: number): string => `${recordNumber} ${sessionId}`;

export const createCdf = (ports: CdfPorts, options: CdfOptions = {}): Cdf => {
  const { interimS, resultCode, rememberedMax = REMEMBERED_MAX } = options;
  const seen = new Set<string>();
  const counts = { records: 0, duplicates: 0, retransmitted: 0, failed: 0 };

  const remember = (key: string): void => {
    seen.add(key);
    if (seen.size <= rememberedMax) return;
    const [oldest] = seen;
    if (oldest !== undefined) seen.delete(oldest);
  };
  const isInterim = ({ avps }: Message): boolean => [2, 3].includes(avps.get('Accounting-Record-Type') ?? 0);

  ports.node.handle('ACR', async (request: Message, { peer }: From) => {
    if (resultCode !== undefined) return { 'Result-Code': resultCode };
    const sessionId = request.avps.get('Session-Id') ?? '';
    const key = keyOf(sessionId, request.avps.get('Accounting-Record-Number') ?? 0);
    const isDuplicate = seen.has(key);
    remember(key);
    try {
      await ports.write(cdfRecord({ request, from: peer, nowMs: ports.nowMs(), isDuplicate }));
    } catch (error) {
      if (!isDuplicate) seen.delete(key);
      counts.failed++;
      ports.failed(error);
      return { 'Result-Code': RESULT.DIAMETER_OUT_OF_SPACE };
    }
    counts.records += isDuplicate ? 0 : 1;
    counts.duplicates += isDuplicate ? 1 : 0;
    counts.retransmitted += isRetransmitted(request) ? 1 : 0;
    const interim = interimS !== undefined && isInterim(request) ? { 'Acct-Interim-Interval': interimS } : {};
    return { 'Result-Code': RESULT.DIAMETER_SUCCESS, ...interim };
  });

  return {
    remember: ({ sessionId, recordNumber }) => remember(keyOf(sessionId, recordNumber)),
    get counts() {
      return { ...counts };
    },
  };
};
