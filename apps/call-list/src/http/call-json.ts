// A listed call as the HTTP API tells it, and the schemas. Read by call-list.controller.ts.
import type { ListedCall } from '#libs/domain';

/** Longer than anything rings: nobody saw how it ended. */
const RINGING_MS_MAX = 600_000;

export const CALLS = {
  type: 'object',
  properties: {
    calls: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          call: { type: 'string' },
          direction: { type: 'string', enum: ['incoming', 'outgoing'] },
          party: { type: 'string', description: 'absent: private' },
          begun: { type: 'string', description: 'ISO 8601, UTC' },
          outcome: { type: 'string', enum: ['ringing', 'answered', 'missed', 'failed', 'unknown'] },
          status: { type: 'integer', description: 'of SIP' },
          concluded: { type: 'string', description: 'ISO 8601, UTC' },
        },
        required: ['call', 'direction', 'begun', 'outcome'],
      },
    },
  },
  required: ['calls'],
};

export const FAULT = {
  type: 'object',
  properties: {
    error: { type: 'boolean' },
    status: { type: 'integer' },
    message: { type: 'string' },
    reason: { type: 'string' },
    detail: { type: 'object' },
  },
  required: ['error', 'status', 'message', 'reason', 'detail'],
};

const outcomeOf = ({ direction, concluded, begunAtMs }: ListedCall, nowMs: number): string => {
  if (concluded === undefined) return nowMs - begunAtMs < RINGING_MS_MAX ? 'ringing' : 'unknown';
  if (concluded.status < 300) return 'answered';
  return direction === 'incoming' ? 'missed' : 'failed';
};

const iso = (ms: number): string => new Date(ms).toISOString();

export const callJson = (listed: ListedCall, nowMs: number) => {
  const { call, direction, party, begunAtMs, concluded } = listed;
  return {
    call,
    direction,
    ...(party === undefined ? {} : { party }),
    begun: iso(begunAtMs),
    outcome: outcomeOf(listed, nowMs),
    ...(concluded === undefined ? {} : { status: concluded.status, concluded: iso(concluded.atMs) }),
  };
};
