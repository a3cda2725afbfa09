// The shapes of Ralf's API as its OpenAPI document tells them. Used by the controller.

const TEXTS = { type: 'array', items: { type: 'string' } };

export const ACCOUNTING = {
  type: 'object',
  required: ['event'],
  properties: {
    peers: {
      type: 'object',
      description: 'of START and EVENT: charging functions, first to try first; absent: the configured ones',
      required: ['ccf'],
      properties: { ccf: { ...TEXTS, minItems: 1 }, ecf: TEXTS },
    },
    event: {
      type: 'object',
      description: 'by AVP names; what no dictionary has is left out',
      required: ['Accounting-Record-Type', 'Service-Information'],
      properties: {
        'Accounting-Record-Type': { enum: [1, 2, 3, 4], description: 'EVENT, START, INTERIM, STOP' },
        'Event-Timestamp': { type: 'integer', description: 'when it happened, s since 1970' },
        'Acct-Interim-Interval': {
          type: 'integer',
          description: 'how long the session lives without a sign, s',
        },
        'User-Name': { type: 'string' },
        'Service-Information': {
          type: 'object',
          required: ['IMS-Information'],
          properties: {
            'IMS-Information': {
              type: 'object',
              required: ['Role-Of-Node', 'Node-Functionality'],
              properties: {
                'Role-Of-Node': { enum: [0, 1] },
                'Node-Functionality': { type: 'integer', minimum: 0, maximum: 15 },
              },
            },
          },
        },
      },
    },
  },
  example: {
    peers: { ccf: ['cdf1.ims.test'] },
    event: {
      'Accounting-Record-Type': 2,
      'Event-Timestamp': 1767225704,
      'Acct-Interim-Interval': 600,
      'Service-Information': {
        'IMS-Information': {
          'Role-Of-Node': 0,
          'Node-Functionality': 6,
          'User-Session-Id': 'a84b4c76e66710',
        },
      },
    },
  },
};

export const FAULT = {
  type: 'object',
  required: ['reason'],
  properties: { reason: { type: 'string' } },
};
