// What the OpenAPI document says of devices, calls, ladders and operators' answers (docs/ellis.md). Plain data.

type Schema = Readonly<Record<string, unknown>>;

const TEXT: Schema = { type: 'string' };
const FLAG: Schema = { type: 'boolean' };
const NUMBER: Schema = { type: 'number' };
const TIME: Schema = { type: 'integer', description: 'ms since 1970' };
const orNull = (schema: Schema): Schema => ({ ...schema, nullable: true });
const object = (properties: Readonly<Record<string, Schema>>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const list = (items: Schema): Schema => ({ type: 'array', items });

export const CALL_PARAM = { name: 'call', example: 'b7c0f2' };

const DEVICE = object({
  id: TEXT,
  contact: TEXT,
  transport: orNull(TEXT),
  address: orNull(TEXT),
  user_agent: orNull(TEXT),
  since: TIME,
  expires_at: TIME,
});
export const DEVICES = object({ devices: list(DEVICE) });

const CALL = object({
  id: TEXT,
  direction: { type: 'string', enum: ['outgoing', 'incoming'] },
  method: TEXT,
  other: orNull(TEXT),
  state: { type: 'string', enum: ['trying', 'answered', 'ended', 'failed', 'refused'] },
  status: orNull({ type: 'integer' }),
  begun_at: TIME,
  answered_at: orNull(TIME),
  ended_at: orNull(TIME),
  words: TEXT,
});
export const CALLS = object({ calls: list(CALL) });

const PARTICIPANT = object({
  id: TEXT,
  label: TEXT,
  kind: { type: 'string', enum: ['caller', 'router', 'server', 'callee'] },
});
const STEP = object({
  at: TIME,
  from: TEXT,
  to: TEXT,
  label: TEXT,
  words: TEXT,
  details: list(TEXT),
  failed: FLAG,
});
export const LADDER = object({
  id: TEXT,
  method: TEXT,
  begun_at: TIME,
  participants: list(PARTICIPANT),
  steps: list(STEP),
});

export const SUBSCRIBERS = object({
  subscribers: list(object({ sip_uri: TEXT, account: orNull(TEXT) })),
  next: orNull(TEXT),
});
export const SUBSCRIBER = object({
  sip_uri: TEXT,
  default_id: TEXT,
  public_ids: list(TEXT),
  private_ids: list(TEXT),
  account: orNull(TEXT),
  devices: list(DEVICE),
  simservs: FLAG,
  calls: list(CALL),
});
const CAUGHT = object({
  id: TEXT,
  at: TIME,
  method: TEXT,
  session_case: TEXT,
  from: TEXT,
  request_uri: TEXT,
  caught: list(object({ priority: NUMBER, server: TEXT, trigger: TEXT })),
  unsure: list(TEXT),
});
export const PREVIEW = object({ examined: { type: 'integer' }, calls: list(CAUGHT) });
export const FIGURES = object({
  at: TIME,
  registrations_per_second: NUMBER,
  calls_per_second: NUMBER,
  views: orNull(list(object({ name: TEXT, lag_ms: orNull(NUMBER), parked: NUMBER }))),
  timers: orNull(object({ waiting: NUMBER, dead_letters: NUMBER })),
  registered: orNull(NUMBER),
  peers: orNull(list(object({ name: TEXT, up: FLAG }))),
});

export const PARKED_PARAM = { name: 'parked', example: '0f3a5c7e9b1d' };
export const LETTER_PARAM = { name: 'letter', example: '0000000100000009.0.41.2' };
const PARKED_STREAM = object({
  id: TEXT,
  view: TEXT,
  stream: TEXT,
  reason: TEXT,
  since: TIME,
  events: { type: 'integer' },
});
export const PARKED = object({ parked: orNull(list(PARKED_STREAM)), more: FLAG });
export const LEFT = object({ left: { type: 'integer', description: 'events of it that are parked still' } });
const LETTER = object({
  id: TEXT,
  timer: TEXT,
  sequence: { type: 'integer' },
  uri: TEXT,
  reason: TEXT,
  tries: { type: 'integer' },
  at: TIME,
});
export const DEAD_LETTERS = object({ dead_letters: orNull(list(LETTER)), more: FLAG });
