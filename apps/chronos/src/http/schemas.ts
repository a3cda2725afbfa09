// The shapes of Chronos' API as its OpenAPI document tells them. Used by the controllers.

const STRING = { type: 'string' };
const INTEGER = { type: 'integer' };

export const TIMER_REQUEST = {
  type: 'object',
  required: ['timing', 'callback'],
  properties: {
    timing: {
      type: 'object',
      required: ['interval'],
      properties: {
        interval: { ...INTEGER, minimum: 0, description: 'seconds to the callback; 0: at once, one only' },
        'repeat-for': {
          ...INTEGER,
          minimum: 0,
          description: 'seconds in which it is repeated; absent: once',
        },
      },
    },
    callback: {
      type: 'object',
      required: ['http'],
      properties: {
        http: {
          type: 'object',
          required: ['uri', 'opaque'],
          properties: {
            uri: { ...STRING, description: 'an http: URI of an allowed host' },
            opaque: { ...STRING, description: 'body of the callback' },
          },
        },
      },
    },
    reliability: {
      type: 'object',
      properties: { 'replication-factor': { ...INTEGER, minimum: 1, default: 2 } },
    },
    statistics: {
      type: 'object',
      properties: {
        'tag-info': {
          type: 'array',
          items: { type: 'object', properties: { type: STRING, count: { ...INTEGER, default: 1 } } },
        },
      },
    },
  },
  example: {
    timing: { interval: 300, 'repeat-for': 900 },
    callback: { http: { uri: 'http://127.0.0.1:10888/call-id/abc00', opaque: '{}' } },
    statistics: { 'tag-info': [{ type: 'CALL', count: 1 }] },
  },
};

export const TIMER = {
  type: 'object',
  required: ['id', 'name', 'dueMs', 'sequence', 'intervalS', 'repeatForS', 'uri', 'tags', 'tries'],
  properties: {
    id: STRING,
    name: { ...STRING, description: 'as clients call it' },
    dueMs: { type: 'number', description: 'next callback or try, ms since 1970' },
    sequence: { ...INTEGER, description: 'number of the last callback that is done with' },
    intervalS: INTEGER,
    repeatForS: INTEGER,
    uri: STRING,
    tags: { type: 'object', additionalProperties: INTEGER },
    tries: { ...INTEGER, description: 'failed tries of the next callback' },
  },
};
export const TIMERS = { type: 'array', items: TIMER };

export const STATISTICS = {
  type: 'object',
  required: ['timers', 'bindings', 'deadLetters', 'callbacksUnderWay', 'tags'],
  properties: {
    timers: INTEGER,
    bindings: { ...INTEGER, description: 'addresses of record whose bindings lapse by this node' },
    deadLetters: INTEGER,
    callbacksUnderWay: INTEGER,
    tags: { type: 'object', additionalProperties: INTEGER },
  },
};

export const LETTERS = {
  type: 'array',
  items: {
    type: 'object',
    required: ['id', 'timer', 'sequence', 'atMs', 'tries', 'reason', 'uri', 'opaque'],
    properties: {
      id: STRING,
      timer: STRING,
      sequence: INTEGER,
      atMs: INTEGER,
      tries: INTEGER,
      reason: STRING,
      uri: STRING,
      opaque: STRING,
    },
  },
};

export const FAULT = {
  type: 'object',
  required: ['reason'],
  properties: { reason: STRING },
};

/** Responses of every endpoint that appends. */
export const LATER = { status: 500, description: 'The log takes nothing now: come again (Retry-After)', schema: FAULT }; // prettier-ignore
export const FULL = { status: 503, description: 'This node takes no new work (Retry-After)', schema: FAULT };
