// Chargeable facts as accounting records are made of them, whoever told them: the router, the edge, or a client over HTTP. Pure.
// TS 32.260 §5.2.2 (which record a SIP message is), RFC 6733 §9.8.1. Used by charging-session.ts.
import { assertNever, type Position } from '#libs/decider';
import type { ChargingFact, RecordKind, SessionAbout } from './charging.js';

/** What a record says beside its session. */
export type RecordContent = Readonly<{
  kind: RecordKind;
  /** When it happened. */
  atMs: number;
  /** When the log took it: whoever owned the partition by then may have sent it. */
  loggedMs: number;
  method?: string;
  causeCode?: number;
  requestAtMs?: number;
  answerAtMs?: number;
  refreshS?: number;
  /** As it was told over HTTP, by AVP names. */
  avps?: Readonly<Record<string, unknown>>;
}>;

export type Fact = Readonly<{
  position: Position;
  content: RecordContent;
  /** Equal where the same fact was told twice; absent where that cannot be known. */
  key?: string;
  about?: SessionAbout;
  isSignOfLife: boolean;
  /** While a session is open a client's START begins another one; the router's own would be the same once more. */
  isHttp: boolean;
}>;

export const isFact = (event: Readonly<{ type: string }>): event is ChargingFact =>
  event.type === 'ChargingStarted' ||
  event.type === 'ChargingContinued' ||
  event.type === 'ChargingStopped' ||
  event.type === 'ChargingEventRecorded' ||
  event.type === 'AccountingReceived';

type Placed = Readonly<{ position: Position; loggedMs: number }>;

const received = (
  { data }: Extract<ChargingFact, { type: 'AccountingReceived' }>,
  { position, loggedMs }: Placed,
): Fact => {
  const { callId, nodeFunctionality, role, kind, atMs, by, refreshS, ccf, ecf, digest, avps } = data;
  return {
    position,
    content: { kind, atMs, loggedMs, avps, ...refresh(refreshS) },
    ...(by === 'client' && digest !== undefined ? { key: `${kind} ${atMs} ${digest}` } : {}),
    about: { callId, nodeFunctionality, role, ccf, ecf },
    isSignOfLife: by !== 'timer',
    isHttp: true,
  };
};

const refresh = (refreshS: number | undefined) => (refreshS === undefined ? {} : { refreshS });

export const factOf = (event: ChargingFact, placed: Placed): Fact => {
  const { position, loggedMs } = placed;
  const own = { position, isSignOfLife: true, isHttp: false };
  switch (event.type) {
    case 'ChargingStarted': {
      const { requestAtMs, answerAtMs, refreshS, ...about } = event.data;
      const { method } = about;
      const content = { kind: 'START', atMs: answerAtMs, loggedMs, method, requestAtMs, answerAtMs } as const;
      return { ...own, content: { ...content, ...refresh(refreshS) }, key: `START ${answerAtMs}`, about };
    }
    case 'ChargingContinued': {
      const { method, atMs, refreshS } = event.data;
      const content = { kind: 'INTERIM', atMs, loggedMs, method, ...refresh(refreshS) } as const;
      return { ...own, content, key: `${method} ${atMs}` };
    }
    case 'ChargingStopped': {
      const { causeCode, atMs } = event.data;
      return { ...own, content: { kind: 'STOP', atMs, loggedMs, causeCode }, key: `STOP ${atMs}` };
    }
    case 'ChargingEventRecorded': {
      const { causeCode, atMs, ...about } = event.data;
      const { method } = about;
      const key = `EVENT ${method} ${causeCode} ${atMs}`;
      return { ...own, content: { kind: 'EVENT', atMs, loggedMs, method, causeCode }, key, about };
    }
    case 'AccountingReceived':
      return received(event, placed);
    default:
      return assertNever(event);
  }
};
