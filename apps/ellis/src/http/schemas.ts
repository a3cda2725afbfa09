// What the OpenAPI document says of Ellis' inputs and answers (docs/ellis.md). Plain data: the controllers put it into decorators.

type Schema = Readonly<Record<string, unknown>>;

const TEXT: Schema = { type: 'string' };
const FLAG: Schema = { type: 'boolean' };
const TIME: Schema = { type: 'integer', description: 'ms since 1970' };
const orNull = (schema: Schema): Schema => ({ ...schema, nullable: true });
const object = (properties: Readonly<Record<string, Schema>>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const list = (items: Schema): Schema => ({ type: 'array', items });

export const FAULT = object({
  error: FLAG,
  status: { type: 'integer' },
  message: TEXT,
  reason: TEXT,
  detail: { type: 'object' },
});

export const NOTHING = object({});
const ROLE: Schema = { type: 'string', enum: ['user', 'operator'] };

export const MADE_ACCOUNT = object({ username: TEXT, full_name: TEXT });
export const ACCOUNT = object({
  username: TEXT,
  full_name: TEXT,
  role: ROLE,
  created_at: TIME,
  expires_at: orNull(TIME),
});
export const SIGNED_IN = object({ username: TEXT, full_name: TEXT, role: ROLE });
export const SESSION = object({ username: TEXT, full_name: TEXT, role: ROLE, expires_at: TIME });
export const PORTAL = object({
  home_domain: TEXT,
  websockets: list(TEXT),
  password_length_min: { type: 'integer' },
  recovery_mail: FLAG,
});

const NUMBER_PROPERTIES = {
  sip_uri: TEXT,
  sip_username: TEXT,
  number: TEXT,
  formatted_number: TEXT,
  number_id: TEXT,
  domain: TEXT,
  pstn: FLAG,
  gab_listed: FLAG,
  private_id: TEXT,
};
export const NUMBER = object(NUMBER_PROPERTIES);
export const NUMBERS = object({ numbers: list(NUMBER) });
export const MADE_NUMBER = object(
  { ...NUMBER_PROPERTIES, sip_password: { type: 'string', description: 'this once' } },
  Object.keys(NUMBER_PROPERTIES),
);
export const SIP_PASSWORD = object({ sip_password: TEXT });
export const LISTED = object({ listed: FLAG });
export const ADDRESS_BOOK = object({
  contacts: list(object({ email: TEXT, full_name: TEXT, numbers: list(TEXT) })),
});

const input = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: [...required],
});
const FORM = { onsuccess: { ...TEXT, description: 'of a form: a path to go on to' }, onfailure: TEXT };
export const NEW_ACCOUNT = input(
  { email: TEXT, password: TEXT, full_name: TEXT, signup_code: TEXT, expires: { type: 'integer', description: 'days' }, ...FORM },
  ['email', 'password', 'full_name'],
); // prettier-ignore
export const SIGN_IN = input({ username: TEXT, password: TEXT, ...FORM }, ['username', 'password']);
export const PASSWORD_REQUEST = input({
  password: TEXT,
  recovery_token: TEXT,
  current_password: TEXT,
  ...FORM,
});
export const NEW_NUMBER = input({ pstn: FLAG, private_id: TEXT });
export const SPECIFIED_NUMBER = input({ pstn: FLAG, private_id: TEXT, new_private_id: FLAG });

export const FAULTS: Readonly<Record<number, string>> = {
  400: 'an input is not what it should be; the reason says which',
  403: 'nobody is signed in, or it is the account of somebody else',
  404: 'there is no such thing here',
  409: 'it is taken, or others depend on it',
  412: 'it was changed meanwhile',
  413: 'the body is too large',
  422: 'the token or the address is wrong',
  500: 'a fault of ours',
  502: 'a neighbour did not do what was asked',
  503: 'come again after Retry-After',
};

export const ACCOUNT_PARAM = { name: 'account', example: 'alice@example.com' };
export const NUMBER_PARAM = { name: 'number', example: 'sip:6505550001@ims.test' };
