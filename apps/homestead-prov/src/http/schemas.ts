// Shapes of the provisioning API's bodies for its OpenAPI document (backend.md §3). Read by the controllers; a test validates
// every answer of the running API against them.

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
  minLength?: number;
  example?: unknown;
}>;

const object = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const text = (description: string): Schema => ({ type: 'string', description });
const UUID_TEXT: Schema = { type: 'string', pattern: '^[0-9a-f-]{36}$' };
const HA1: Schema = {
  type: 'string',
  pattern: '^[0-9a-f]{32}$',
  description: 'MD5 of `<private id>:<realm>:<password>`',
};
const list = (items: Schema): Schema => ({ type: 'array', items });

export const PRIVATE_BODY: Schema = {
  ...object(
    {
      digest_ha1: HA1,
      plaintext_password: text('instead of digest_ha1'),
      aka: object(
        {
          k: text('16 bytes in hexadecimal'),
          opc: text('16 bytes in hexadecimal'),
          op: text('instead of opc'),
          amf: text('2 bytes in hexadecimal; 8000'),
          sqn: text('6 bytes in hexadecimal: the next number is above; where it was, 0 for a new SIM'),
        },
        ['opc', 'op', 'amf', 'sqn'],
      ),
      realm: text('home domain'),
    },
    ['digest_ha1', 'plaintext_password', 'aka', 'realm'],
  ),
  description:
    'Exactly one of digest_ha1, plaintext_password and aka (keys of a SIM); the password also gives the SHA-256 HA1.',
};

export const PRIVATE: Schema = object(
  {
    digest_ha1: HA1,
    realm: text('of the digest'),
    plaintext_password: text('where it is kept'),
    aka: object({ amf: text('of a SIM, whose keys are not shown'), sqn: text('the last one given out') }),
  },
  ['digest_ha1', 'plaintext_password', 'aka'],
);
export const PRIVATE_SETS: Schema = object({ associated_implicit_registration_sets: list(UUID_TEXT) });
export const PRIVATE_PUBLIC_IDS: Schema = object({ associated_public_ids: list(text('public identity')) });
export const PUBLIC_IDS: Schema = object({ public_ids: list(text('public identity')) });
export const PRIVATE_IDS: Schema = object({ private_ids: list(text('private identity')) });
export const PUBLIC_LIST: Schema = object(
  {
    public_ids: list(
      object({ public_id: text('public identity'), sp: UUID_TEXT, irs: UUID_TEXT }, ['sp', 'irs']),
    ),
    next: text('there are more: ask again with `after` = this'),
  },
  ['next'],
);

export const PUBLIC_IDENTITY_XML: Schema = {
  type: 'string',
  description: 'PublicIdentity element of TS 29.228 annex E',
  example: '<PublicIdentity><Identity>sip:alice@ims.test</Identity></PublicIdentity>',
};
export const SERVICE_PROFILE_XML: Schema = {
  type: 'string',
  description: 'ServiceProfile element with InitialFilterCriteria children (TS 29.228 annex E)',
  example: '<ServiceProfile></ServiceProfile>',
};

export const SIMSERVS_XML: Schema = {
  type: 'string',
  description: 'simservs document of TS 24.623',
  example: '<simservs xmlns="http://uri.etsi.org/ngn/params/xml/simservs/xcap"></simservs>',
};

const FAULT: Schema = object({
  error: { type: 'boolean', enum: [true] },
  status: { type: 'integer' },
  message: text('reason phrase of the status'),
  reason: text('what is wrong'),
  detail: { type: 'object' },
});

const FAULTS: Readonly<Record<number, string>> = {
  400: 'the request is not as described',
  401: 'no API key, or an unknown one',
  403: 'belongs to something else, or the key has another role',
  404: 'not found',
  412: 'changed meanwhile',
  500: 'not known whether the change was kept',
  503: 'the store takes no changes now',
};

type Documented = Readonly<{ status: number; description: string; schema?: Schema }>;
type Document = (response: Documented) => MethodDecorator;

/** The faults of a method: `@Faults(ApiResponse, 404)`. Those that every method may answer are added. */
export const Faults =
  (document: Document, ...statuses: readonly number[]): MethodDecorator =>
  (target, key, descriptor) => {
    for (const status of new Set([...statuses, 400, 401, 403, 500, 503])) {
      document({ status, description: FAULTS[status] ?? 'fault', schema: FAULT })(target, key, descriptor);
    }
  };

const EMPTY: Readonly<Record<number, string>> = {
  200: 'done',
  201: 'made: Location tells where',
  204: 'there was nothing to remove',
  303: 'Location tells which',
};

/** Answers without a body: `@Empty(ApiResponse, 200, 204)`. */
export const Empty =
  (document: Document, ...statuses: readonly number[]): MethodDecorator =>
  (target, key, descriptor) => {
    for (const status of statuses) {
      document({ status, description: EMPTY[status] ?? 'done' })(target, key, descriptor);
    }
  };

export const IMPI = { name: 'impi', example: 'alice@ims.test' };
export const IMPU = { name: 'impu', example: 'sip:alice@ims.test' };
export const IRS = { name: 'irs', example: 'b4f1a1ce-6a1b-4c62-9f0c-93c3f6f7a0d1' };
export const PROFILE = { name: 'profile', example: '3d9a2f0e-1f8a-4d0c-8f4e-5a3b2c1d0e9f' };
export const IF_MATCH = { name: 'If-Match', required: false, description: 'ETag: change only what it names' };
export const REPEATABLE = {
  name: 'Idempotency-Key',
  required: false,
  description: 'a repeat with the same key gets the first one’s Location',
};
