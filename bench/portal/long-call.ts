// A call through as many servers as a ladder draws, which would take a chain of them to make: for the screenshots and axe.

type Participant = Readonly<{ id: string; label: string; kind: string }>;

const BEGUN_AT = Date.UTC(2026, 0, 1, 10);
const CALLEE = 'sip:6505550002@ims.test';
const SERVERS = ['screening', 'twinning', 'voicemail', 'recording'];
const STEP_MS = 7;

const serversOf = (side: string): Participant[] =>
  SERVERS.map((name) => ({ id: `${side}-${name}`, label: `sip:${name}.${side}.example`, kind: 'server' }));

const participants: readonly Participant[] = [
  { id: 'caller', label: 'sip:6505550001@ims.test', kind: 'caller' },
  { id: 'router-caller', label: 'router, for the caller', kind: 'router' },
  ...serversOf('caller'),
  { id: 'router-callee', label: 'router, for the callee', kind: 'router' },
  ...serversOf('callee'),
  { id: 'callee', label: CALLEE, kind: 'callee' },
];

type Said = readonly [from: string, to: string, label: string, words: string];

const forward = participants.slice(1).flatMap(({ id, kind }, i): Said[] => [
  [participants[i]!.id, id, 'INVITE', `INVITE to ${CALLEE}`],
  ...(kind === 'router' ? [[id, id, 'decision', 'served, registered; 4 of 5 filter criteria match'] as const] : []),
]); // prettier-ignore

const back: readonly Said[] = [
  ['callee', 'router-callee', '200', 'answered 200'],
  ['router-callee', 'router-caller', '200', ''],
  ['router-caller', 'caller', '200', ''],
];

export const LONG_CALL = {
  id: 'long',
  method: 'INVITE',
  begun_at: BEGUN_AT,
  participants,
  steps: [...forward, ...back].map(([from, to, label, words], i) => ({
    at: BEGUN_AT + i * STEP_MS,
    from,
    to,
    label,
    words,
    details: [],
    failed: false,
  })),
};
