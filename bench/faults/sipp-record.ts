// What SIPp was told, out of the messages that it notes (-trace_shortmsg): a line a message with its time, `S` or `R`, Call-ID, CSeq and first line.
// Pure. Used by load.ts.
import { type Answer, NO_ANSWER } from './answers.js';

/** As long as a client waits for an answer; what was sent later than that before the end shows nothing. */
export const PATIENCE_MS = 10_000;

const LINE = /^(\d{4}-\d\d-\d\d)[\t ]([\d:.]+)(?:\t[\d.]+)?\t([SR])\t([^\t]*)\tCSeq:\s*(\d+) (\w+)\t(.*)$/;

type Exchange = {
  callId: string;
  method: string;
  cseq: number;
  sentMs: number;
  status?: number;
  answeredMs?: number;
};

/** Call-IDs of the calls that came to it. What is left of calls of before (a BYE that nobody answered is sent again for 32 s) is none. */
export const callsIn = (text: string): ReadonlySet<string> => {
  const calls = new Set<string>();
  for (const line of text.split('\n')) {
    const [, , , way, callId = '', , method, first = ''] = LINE.exec(line) ?? [];
    if (way === 'R' && method === 'INVITE' && first.startsWith('INVITE ')) calls.add(callId);
  }
  return calls;
};

/** `endMs`: wall clock at which SIPp was stopped. ACKs and what comes in by itself are no requests of its own. */
export const answersIn = (text: string, edge: number, endMs: number): readonly Answer[] => {
  const exchanges = new Map<string, Exchange>();
  for (const line of text.split('\n')) {
    const [, date, time, way, callId = '', cseq, method = '', first = ''] = LINE.exec(line) ?? [];
    if (date === undefined || method === 'ACK') continue;
    const atMs = new Date(`${date}T${time?.slice(0, 12)}`).getTime();
    const name = `${callId} ${cseq} ${method}`;
    const exchange = exchanges.get(name);
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(first)?.[1] ?? NaN);
    if (way === 'S' && Number.isNaN(status)) {
      // Sent again it is the same request.
      if (exchange === undefined) exchanges.set(name, { callId, method, cseq: Number(cseq), sentMs: atMs });
    } else if (way === 'R' && status >= 200 && exchange !== undefined && exchange.status === undefined) {
      exchange.status = status;
      exchange.answeredMs = atMs;
    }
  }
  return [...exchanges.values()].flatMap(({ callId, method, cseq, sentMs, status, answeredMs }) => {
    const isChallenge = method === 'REGISTER' && cseq === 1;
    const isAnswered = exchanges.get(`${callId} ${cseq + 1} ${method}`)?.status === 200;
    if (status !== undefined && answeredMs !== undefined) return [{ callId, method, status, isChallenge, isAnswered, edge, sentMs, answeredMs }];
    if (sentMs + PATIENCE_MS > endMs) return [];
    return [{ callId, method, status: NO_ANSWER, isChallenge, edge, sentMs, answeredMs: sentMs + PATIENCE_MS }];
  }); // prettier-ignore
};
