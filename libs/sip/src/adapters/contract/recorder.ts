// What the transports' tests share: a receiver that can be waited on, a log that is silent, peers that frame nothing.
// Readers: *.spec.ts in adapters/.
import type { Flow, Target, TransportReceiver } from '../../transport/transport.port.js';
import type { TransportLog } from '../listener.js';

export type Heard =
  | { kind: 'message'; raw: string; flow: Flow }
  | { kind: 'closed'; flow: Flow }
  | { kind: 'failed'; target: Target | Flow }
  | { kind: 'malformed'; reason: string; flow: Flow };

type Kind = Heard['kind'];

/** Keeps what it is told; `next(kind)` waits for the next of that kind that has not been taken. */
export class Recorder implements TransportReceiver {
  readonly heard: Heard[] = [];
  #waiting: { kind: Kind; take: (heard: Heard) => void }[] = [];

  /** `onMessage` runs inside the delivery, as an endpoint would. */
  constructor(private readonly onMessage: (raw: string, flow: Flow) => void = () => {}) {}

  message(raw: string, flow: Flow): void {
    this.#tell({ kind: 'message', raw, flow });
    this.onMessage(raw, flow);
  }

  flowClosed(flow: Flow): void {
    this.#tell({ kind: 'closed', flow });
  }

  sendFailed(target: Target | Flow): void {
    this.#tell({ kind: 'failed', target });
  }

  malformed(reason: string, flow: Flow): void {
    this.#tell({ kind: 'malformed', reason, flow });
  }

  async next<K extends Kind>(kind: K): Promise<Extract<Heard, { kind: K }>> {
    const at = this.heard.findIndex((heard) => heard.kind === kind);
    const found = at < 0 ? undefined : this.heard.splice(at, 1)[0];
    const heard = found ?? (await new Promise<Heard>((take) => this.#waiting.push({ kind, take })));
    return heard as Extract<Heard, { kind: K }>;
  }

  count(kind: Kind): number {
    return this.heard.filter((heard) => heard.kind === kind).length;
  }

  #tell(heard: Heard): void {
    const at = this.#waiting.findIndex(({ kind }) => kind === heard.kind);
    if (at < 0) this.heard.push(heard);
    else this.#waiting.splice(at, 1)[0]!.take(heard);
  }
}

/** Whole messages for whoever waits for them. */
export const inbox = () => {
  const ready: string[] = [];
  const waiting: ((message: string) => void)[] = [];
  return {
    push: (message: string): void => {
      const take = waiting.shift();
      if (take) take(message);
      else ready.push(message);
    },
    next: async (): Promise<string> =>
      ready.shift() ?? (await new Promise<string>((resolve) => waiting.push(resolve))),
  };
};

export const silentLog: TransportLog = { debug: () => {}, warn: () => {}, error: () => {} };

/** A request that frames; `body` is latin1. */
export const request = (callId: string, body = '', extra = ''): string =>
  `OPTIONS sip:b@example.test SIP/2.0\r\nVia: SIP/2.0/X a.invalid;branch=z9hG4bK${callId}\r\nFrom: <sip:a@x>;tag=1\r\n` +
  `To: <sip:b@x>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
