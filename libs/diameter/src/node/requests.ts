// Requests on their way: matched to answers by hop-by-hop id and peer, timed, and sent to another peer when theirs does not answer, is
// lost, or says that it cannot (T flag where it may have been done). RFC 6733 §3 (T), §5.5.4, §7.1.3. Used by node.ts.
import type { Clock } from '#libs/runtime';
import { FLAG, isError } from '../codec/header.js';
import { RESULT } from '../codec/result-codes.js';
import { type Message, type Result, resultOf } from '../message/message.js';
import { readdress } from '../message/write-message.js';
import type { Ids } from '../peer/ids.js';
import type { Peer } from '../peer/peer.js';

/** Unanswered requests a peer. At the bound it is passed over; when all are, the request is not sent (`busy`). */
export const WAITING_MAX = 4_096;
/** Bytes that wait for the network of one peer; beyond, it is passed over like that. */
export const QUEUED_BYTES_MAX = 4 * 1024 * 1024;

export type Outcome =
  | Readonly<{ kind: 'answered'; answer: Message; result: Result | undefined; peer: string; tries: number }>
  /** Sent and not answered: it may have been done. `peer-lost`: its connection ended, and there was no other. */
  | Readonly<{ kind: 'timed-out'; cause: 'time' | 'peer-lost'; peer: string; tries: number }>
  /** Nobody has it. */
  | Readonly<{ kind: 'not-sent'; reason: 'no-peer' | 'busy' | 'cannot-write' | 'stopped'; detail: string }>;

export type Sending = Readonly<{
  bytes: Buffer;
  flags: number;
  /** Who may take it now; asked again for each try. */
  candidates(): readonly Peer[];
  /** Of one try. */
  timeoutMs: number;
  triesMax: number;
}>;

type Waiting = {
  readonly sending: Sending;
  readonly resolve: (outcome: Outcome) => void;
  readonly tried: Set<Peer>;
  peer: Peer;
  hopByHop: number;
  /** It may be with a peer that did not say no. */
  mayBeDone: boolean;
  cancel: () => void;
};

export interface Requests {
  send(sending: Sending): Promise<Outcome>;
  /** False: nobody waits for it; it is dropped (RFC 6733 §3). */
  answered(peer: Peer, answer: Message): boolean;
  /** All that wait for this peer go elsewhere, or end. */
  failover(peer: Peer, isClosed: boolean): void;
  stop(): void;
  readonly waiting: number;
}

/** RFC 6733 §7.1.3: an alternate peer may be able to. */
const isTryElsewhere = (answer: Message, result: Result | undefined): boolean =>
  isError(answer) &&
  (result?.code === RESULT.DIAMETER_UNABLE_TO_DELIVER ||
    result?.code === RESULT.DIAMETER_TOO_BUSY ||
    result?.code === RESULT.DIAMETER_LOOP_DETECTED);

const hasRoom = (peer: Peer): boolean => peer.waiting < WAITING_MAX && peer.queuedBytes < QUEUED_BYTES_MAX;

/** Who has not been tried, while tries are left. */
const another = ({ sending, tried }: Waiting): Peer | undefined =>
  tried.size < sending.triesMax
    ? sending.candidates().find((one) => !tried.has(one) && hasRoom(one))
    : undefined;

const notSent = (isAnyOpen: boolean): Outcome =>
  isAnyOpen
    ? { kind: 'not-sent', reason: 'busy', detail: `${WAITING_MAX} requests wait for an answer` }
    : { kind: 'not-sent', reason: 'no-peer', detail: 'no peer of this realm and application is open' };

const timedOut = ({ peer, tried }: Waiting, cause: 'time' | 'peer-lost'): Outcome => ({
  kind: 'timed-out',
  cause,
  peer: peer.host,
  tries: tried.size,
});

export const createRequests = (clock: Clock, ids: Ids): Requests => {
  const byHop = new Map<number, Waiting>();

  const take = (waiting: Waiting): void => {
    waiting.cancel();
    byHop.delete(waiting.hopByHop);
    waiting.peer.waiting--;
  };
  const settle = (waiting: Waiting, outcome: Outcome): void => {
    take(waiting);
    waiting.resolve(outcome);
  };
  const put = (waiting: Waiting, peer: Peer, flags: number): void => {
    const { sending } = waiting;
    waiting.peer = peer;
    waiting.tried.add(peer);
    waiting.hopByHop = ids.hopByHop();
    waiting.cancel = clock.after(sending.timeoutMs, () => elsewhere(waiting, 'time'));
    byHop.set(waiting.hopByHop, waiting);
    peer.waiting++;
    peer.send(readdress(sending.bytes, waiting.hopByHop, flags));
  };
  const elsewhere = (waiting: Waiting, cause: 'time' | 'peer-lost'): void => {
    waiting.mayBeDone = true;
    const other = another(waiting);
    if (!other) return settle(waiting, timedOut(waiting, cause));
    take(waiting);
    put(waiting, other, waiting.sending.flags | FLAG.retransmitted);
  };

  return {
    send: (sending) =>
      new Promise((resolve) => {
        const found = sending.candidates();
        const peer = found.find(hasRoom);
        if (!peer) return resolve(notSent(found.length > 0));
        const [tried, cancel] = [new Set<Peer>(), () => undefined];
        put({ sending, resolve, tried, peer, hopByHop: 0, mayBeDone: false, cancel }, peer, sending.flags);
      }),

    answered(peer, answer) {
      const waiting = byHop.get(answer.hopByHop);
      if (!waiting || waiting.peer !== peer) return false;
      const result = resultOf(answer);
      const other = isTryElsewhere(answer, result) ? another(waiting) : undefined;
      if (other) {
        take(waiting);
        // Who says no has not done it: T only where an earlier one gave no answer (§3).
        put(waiting, other, waiting.sending.flags | (waiting.mayBeDone ? FLAG.retransmitted : 0));
      } else
        settle(waiting, { kind: 'answered', answer, result, peer: peer.host, tries: waiting.tried.size });
      return true;
    },

    failover(peer, isClosed) {
      for (const waiting of [...byHop.values()])
        // A suspect may still answer; a closed one will not.
        if (waiting.peer === peer && (isClosed || another(waiting))) elsewhere(waiting, 'peer-lost');
    },
    stop() {
      for (const waiting of [...byHop.values()]) settle(waiting, timedOut(waiting, 'peer-lost'));
    },
    get waiting() {
      return byHop.size;
    },
  };
};
