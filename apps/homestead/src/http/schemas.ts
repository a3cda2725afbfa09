// Shapes of Homestead's bodies for its OpenAPI document (backend.md §1.1). Read by the controllers; a test validates every
// answer of the running API against them.

/** Plain JSON Schema as OpenAPI 3.0 takes it. */
export type Schema = Readonly<{
  type: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: Schema;
  enum?: (string | number | boolean)[];
  pattern?: string;
  example?: unknown;
}>;

const object = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const text = (description: string): Schema => ({ type: 'string', description });
const HA1: Schema = { type: 'string', pattern: '^[0-9a-f]{32}$', description: 'MD5 HA1 (RFC 7616 §3.4.2)' };
const capabilities: Schema = { type: 'array', items: { type: 'integer' } };

export const AUTH_VECTOR: Schema = object({
  digest: object(
    {
      ha1: HA1,
      realm: text('realm of the challenge'),
      qop: text('quality of protection: auth'),
      ha1_sha256: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 HA1 (RFC 8760)' },
      version: text('changes whenever the credential does'),
    },
    ['ha1_sha256'],
  ),
});

const HEX: Schema = { type: 'string', pattern: '^([0-9a-f]{2})*$' };

export const AKA_VECTOR: Schema = object({
  aka: object({
    challenge: text('RAND and AUTN (SIP-Authenticate), base64'),
    response: { ...HEX, description: 'XRES' },
    cryptkey: { ...HEX, description: 'CK' },
    integritykey: { ...HEX, description: 'IK' },
    version: { type: 'integer', enum: [1, 2], description: 'of AKA digest (RFC 3310, RFC 4169)' },
  }),
});

export const LEGACY_DIGEST: Schema = object({ digest_ha1: HA1 });

export const ASSIGNMENT: Schema = object(
  {
    'result-code': {
      type: 'integer',
      description: 'Diameter result (TS 29.229 §6.2): 2001, 2002, 2003, 5003',
    },
    scscf: text('SIP URI of the S-CSCF that serves the user'),
    'mandatory-capabilities': capabilities,
    'optional-capabilities': capabilities,
    'wildcard-identity': text('the wildcard that the identity matches'),
  },
  ['scscf', 'mandatory-capabilities', 'optional-capabilities', 'wildcard-identity'],
);

export const REG_DATA_REQUEST: Schema = object(
  {
    reqtype: {
      type: 'string',
      enum: [
        'reg',
        'call',
        'dereg-user',
        'dereg-admin',
        'dereg-timeout',
        'dereg-auth-failed',
        'dereg-auth-timeout',
      ],
    },
    server_name: text('S-CSCF that asks'),
    wildcard_identity: text('wildcard that the identity matches'),
  },
  ['server_name', 'wildcard_identity'],
);

export const REG_DATA: Schema = text('ClearwaterRegData with the IMSSubscription');

export const FAULT: Schema = object({
  error: { type: 'boolean', enum: [true] },
  status: { type: 'integer' },
  message: text('reason phrase of the status'),
  reason: text('what is wrong'),
  detail: { type: 'object' },
});

type Documented = Readonly<{ status: number; description: string; schema: Schema }>;

const FAULTS: Readonly<Record<number, string>> = {
  400: 'the request is not as described',
  401: 'no API key, or an unknown one',
  403: 'not allowed',
  404: 'not found',
  500: 'the HSS answered with an error of its own',
  503: 'the subscriber store, or the HSS, does not answer',
  504: 'the subscriber store, or the HSS, does not answer in time',
};

/** Documents the faults that a method answers: `@Faults(ApiResponse, 404)`. The ones of every method are added. */
export const Faults =
  (document: (response: Documented) => MethodDecorator, ...statuses: readonly number[]): MethodDecorator =>
  (target, key, descriptor) => {
    for (const status of [...statuses, 401, 403, 500, 503, 504]) {
      document({ status, description: FAULTS[status] ?? 'fault', schema: FAULT })(target, key, descriptor);
    }
  };
