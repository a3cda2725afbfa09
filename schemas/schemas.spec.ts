// Code and published schemas say the same: the four rules of schemas/README.md.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import {
  account,
  AGGREGATES,
  credential,
  identity,
  lineNumber,
  registration,
  subscriber,
  timer,
  UPCASTERS,
  userDocument,
} from '#libs/domain';
import { createUpcasting, TOPIC_OF_CATEGORY } from '#libs/event-log';
import { asyncApiOf } from './asyncapi.js';
import { brokenReleases, checksumOf, fileNameOf, readReleased, readSchemas, type EventSchema } from './catalogue.js'; // prettier-ignore

const FOLDER = import.meta.dirname;
const schemas = readSchemas(FOLDER);
const named = schemas.map((schema) => [schema.file, schema] as const);

const ajv = new Ajv2020({ allErrors: true, strict: true, keywords: ['x-personal'] });

/** As the schema says, and nothing beside: readers must ignore unknown fields, but the examples and the code have none. */
const strictly = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(strictly);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strictly(value)]));
  return 'properties' in parts && parts['type'] === 'object'
    ? { ...parts, additionalProperties: false }
    : parts;
};

const validators = new Map<string, ValidateFunction>();
const violations = ({ file, schema }: EventSchema, data: unknown): string => {
  const validate =
    validators.get(file) ?? ajv.compile({ ...(strictly(schema) as object), $id: `strict:${file}` });
  validators.set(file, validate);
  return validate(data) ? '' : ajv.errorsText(validate.errors);
};

describe('every event in the code has a schema, and the reverse', () => {
  it.each(Object.entries(AGGREGATES))('%s', (category, { eventTypes }) => {
    const published = schemas.filter((schema) => schema.category === category).map(({ name }) => name);
    expect([...new Set(published)].toSorted()).toEqual(eventTypes.toSorted());
  });

  it('there is no schema of an aggregate that is not in the code', () => {
    expect([...new Set(schemas.map(({ category }) => category))].filter((name) => !(name in AGGREGATES))).toEqual([]);
  }); // prettier-ignore

  it('an event of version N has schemas 1 to N, and upcasters between them', () => {
    const { versionOf } = createUpcasting(UPCASTERS);
    for (const { category, name } of schemas) {
      const versions = schemas.filter((one) => one.category === category && one.name === name);
      const numbers = versions.map(({ version }) => version).toSorted((a, b) => a - b);
      expect(numbers).toEqual(numbers.map((_version, index) => index + 1));
      expect([name, versionOf(`${category}-x`, name)]).toEqual([name, numbers.length]);
    }
  });
});

describe('a schema', () => {
  it.each(named)('%s is named as its event and of its topic', (file, { category, topic, name, version, schema }) => {
    expect(file).toBe(`${category}/${fileNameOf(name, version)}`);
    expect(topic).toBe(TOPIC_OF_CATEGORY[category]);
    expect(schema.title).toBe(`clearwater.${topic}.${name}.v${version}`);
    expect(schema.$id).toBe(`urn:clearwater:schemas:${file.replace('/', ':').replace(/\.v(\d+)\.json$/, ':v$1')}`);
    expect(() => ajv.compile(schema)).not.toThrow();
  }); // prettier-ignore

  /** Names under which people, their devices and their whereabouts stand. */
  const PERSONAL = new Set([
    'impu', 'impi', 'identities', 'contact', 'bindingId', 'instance', 'params', 'path', 'userAgent', 'accessNetwork',
    'callId', 'from', 'to', 'requestUri', 'served', 'callingParty', 'calledParty', 'requestedParty', 'xml',
    'publicIdentities', 'privateIdentities', 'party',
  ]); // prettier-ignore
  const unmarked = (schema: object): string[] =>
    Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
      if (typeof value !== 'object' || value === null) return [];
      const marked = 'x-personal' in value && value['x-personal'] === true;
      return PERSONAL.has(key) && !marked && !('properties' in value)
        ? [key, ...unmarked(value)]
        : unmarked(value);
    });
  it.each(named)('%s marks personal fields and describes every field', (_file, { schema }) => {
    expect(unmarked(schema.properties)).toEqual([]);
    for (const property of Object.values(schema.properties)) expect(property).toHaveProperty('description');
  });
});

describe('the example of a schema', () => {
  it.each(named)('%s validates', (_file, schema) => {
    expect(violations(schema, schema.example.data)).toBe('');
  });

  it.each(named)('%s is a CloudEvent of its type and stream', (_file, { category, schema, example }) => {
    expect(example).toMatchObject({
      specversion: '1.0',
      type: schema.title,
      dataschema: schema.$id,
      datacontenttype: 'application/json',
    });
    expect(example.subject.startsWith(`${category}-`)).toBe(true);
    expect(new Date(example.time).toISOString()).toBe(example.time);
  });

  it('has an id of its own', () => {
    expect(new Set(schemas.map(({ example }) => example.id)).size).toBe(schemas.length);
  });

  it.each(named)('%s upcasts and folds', (_file, { category, name, version, example }) => {
    const { upcast } = createUpcasting(UPCASTERS);
    const event = upcast(example.subject, { type: name, data: example.data }, version);
    const fold = AGGREGATES[category]?.fold;
    const position = { generation: 0, partition: 0, offset: 1 };
    expect(() => fold?.evolve(fold.initialState, { event, stream: example.subject, position })).not.toThrow();
  });
});

it.each(UPCASTERS.filter(({ isAddition }) => isAddition === true).map((step) => [step.type, step] as const))(
  'what is added to %s leaves it an event of the version before, which older programs read it as',
  (_type, { category, type, from }) => {
    const of = (version: number) =>
      schemas.find((one) => one.category === category && one.name === type && one.version === version)!;
    const validate = ajv.compile({ ...of(from).schema, $id: `before:${of(from).file}` });
    expect([validate(of(from + 1).example.data), ajv.errorsText(validate.errors)]).toEqual([
      true,
      'No errors',
    ]);
    expect(of(from + 1).schema.required).toEqual(of(from).schema.required);
  },
);

describe('what the aggregates decide validates', () => {
  type Made = Readonly<{ type: string; data: object }>;
  const check = (category: string, events: readonly Made[]): void => {
    expect(events).not.toEqual([]);
    for (const { type, data } of events) {
      const schema = schemas.filter((one) => one.category === category && one.name === type).at(-1);
      expect([type, schema && violations(schema, JSON.parse(JSON.stringify(data)))]).toEqual([type, '']);
    }
  };
  const position = { generation: 0, partition: 0, offset: 1 };

  it('registration', () => {
    const example = schemas.find(({ name }) => name === 'BindingAdded')?.example.data;
    const added = { type: 'BindingAdded', data: example } as Parameters<
      typeof registration.evolve
    >[1]['event'];
    const bound = registration.evolve(registration.initialState, { event: added, stream: 'x', position });
    const shared = { path: [], impi: 'a', impu: 'sip:a@t', identities: ['sip:a@t'], userAgent: 'x' };
    const data = { callId: 'c', cseq: 9, nowMs: 0, minExpiresS: 60, maxExpiresS: 300, shared };
    const contact = { bindingId: 'sip:c', contact: 'sip:c', params: '', q: 1, expiresS: 100 };
    check('registration', [
      ...registration.decide(bound, { type: 'RegisterContacts', data: { ...data, contacts: [contact] } }),
      ...registration.decide(bound, { type: 'ExpireBindings', data: { nowMs: Number.MAX_SAFE_INTEGER } }),
      ...registration.decide(bound, {
        type: 'RemoveAllBindings',
        data: { cause: 'administrative', nowMs: 0, maxExpiresS: 300, isRejected: true },
      }),
      ...registration.decide(bound, {
        type: 'RemoveAllBindings',
        data: { cause: 'client', nowMs: 0, maxExpiresS: 300, callId: 'c', cseq: 10 },
      }),
    ]);
  });

  it('subscriptions to registration state', () => {
    const example = schemas.find(({ name }) => name === 'SubscriptionAdded')?.example.data;
    type Added = Extract<Parameters<typeof registration.evolve>[1]['event'], { type: 'SubscriptionAdded' }>;
    const { expiresAtMs: _expiresAtMs, grantedS: _grantedS, ...dialog } = example as Added['data'];
    const added = { type: 'SubscriptionAdded', data: example } as Added;
    const watched = registration.evolve(registration.initialState, { event: added, stream: 'x', position });
    const { subscriptionId, cseq } = dialog;
    const asked = { isNew: false, nowMs: 0, expiresS: 300, minExpiresS: 60, maxExpiresS: 461 };
    const numbered = {
      subscriptionId,
      document: 'full',
      by: 'run',
      upTo: position,
      ends: 'expired',
    } as const;
    check('registration', [
      ...registration.decide(watched, {
        type: 'Subscribe',
        data: { ...asked, dialog: { ...dialog, event: 'reg;id=1', cseq: cseq + 1 } },
      }),
      ...registration.decide(watched, { type: 'NumberDocument', data: numbered }),
      ...registration.decide(watched, {
        type: 'EndSubscription',
        data: { subscriptionId, cause: 'failed', upTo: position },
      }),
    ]);
  });

  it('subscriber', () => {
    const commands: Parameters<typeof subscriber.decide>[1][] = [
      { type: 'CreateSubscriber', data: { irs: 'i' } },
      { type: 'AddServiceProfile', data: { serviceProfile: 'p' } },
      { type: 'ChangeFilterCriteria', data: { serviceProfile: 'p', xml: '<ServiceProfile/>' } },
      { type: 'AssignPublicIdentity', data: { serviceProfile: 'p', impu: 'sip:a@t', xml: '<x/>', barred: false } },
      { type: 'LinkPrivateIdentity', data: { impi: 'a' } },
      { type: 'UnlinkPrivateIdentity', data: { impi: 'a' } },
      { type: 'RemovePublicIdentity', data: { serviceProfile: 'p', impu: 'sip:a@t' } },
      { type: 'RemoveServiceProfile', data: { serviceProfile: 'p' } },
      { type: 'DeleteSubscriber', data: {} },
    ]; // prettier-ignore
    let state = subscriber.initialState;
    for (const command of commands) {
      const events = subscriber.decide(state, command);
      check('subscriber', events);
      for (const event of events) state = subscriber.evolve(state, { event, stream: 'x', position });
    }
  });

  it('credential and identity', () => {
    const data = { impi: 'a', version: 'v', realm: 't', algorithms: ['MD5'], plaintextKept: false } as const;
    check('credential', credential.decide(undefined, { type: 'ChangeCredential', data }));
    check('credential', credential.decide(data, { type: 'RemoveCredential', data: { impi: 'a' } }));
    const held = { impu: 'sip:a@t', irs: 'i' };
    check('identity', identity.decide(undefined, { type: 'ReserveIdentity', data: held }));
    check('identity', identity.decide({ irs: 'i' }, { type: 'ReleaseIdentity', data: held }));
  });

  it('account and number', () => {
    const who = { account: 'a@t', by: 'sign-up' };
    const made = { ...who, fullName: 'A', passwordVersion: 'v', createdAtMs: 1, expiresAtMs: 2 };
    const created = account.decide(undefined, { type: 'CreateAccount', data: made });
    const there = account.evolve(undefined, { event: created[0]!, stream: 'x', position });
    check('account', [
      ...created,
      ...account.decide(there, { type: 'ChangeAccountPassword', data: { ...who, passwordVersion: 'w' } }),
      ...account.decide(there, { type: 'ChangeAccountRole', data: { ...who, role: 'operator' } }),
      ...account.decide(there, { type: 'DeleteAccount', data: who }),
    ]);
    const of = { number: 'sip:1@t', ...who };
    const taken = { ...of, numberId: 'n', privateId: '1@t', pstn: false, specified: false, atMs: 1 };
    const allocated = lineNumber.decide(undefined, { type: 'AllocateNumber', data: taken });
    const held = lineNumber.evolve(undefined, { event: allocated[0]!, stream: 'x', position });
    check('number', [
      ...allocated,
      ...lineNumber.decide(held, { type: 'ConfirmNumber', data: of }),
      ...lineNumber.decide(held, { type: 'ListNumber', data: { ...of, listed: true } }),
      ...lineNumber.decide(held, { type: 'ReleaseNumber', data: of }),
    ]);
  });

  it('timer', () => {
    const set = schemas.find(({ name }) => name === 'TimerSet')?.example.data as Parameters<
      typeof timer.evolve
    >[1]['event']['data'];
    const data = set as Extract<Parameters<typeof timer.decide>[1], { type: 'SetTimer' }>['data'];
    const [ordered] = timer.decide(undefined, { type: 'SetTimer', data });
    const running = timer.evolve(undefined, { event: ordered!, stream: 'timer-x', position });
    check('timer', [
      ordered!,
      ...timer.decide(running, { type: 'Deliver', data: { sequence: 1, nowMs: 1 } }),
      ...timer.decide(running, {
        type: 'GiveUp',
        data: { sequence: 1, nowMs: 1, tries: 1, reason: 'timeout' },
      }),
      ...timer.decide(running, { type: 'CarryOn', data: { nowMs: 1 } }),
      ...timer.decide(running, { type: 'CancelTimer', data: { nowMs: 1 } }),
    ]);
  });

  it('document', () => {
    const name = { impu: 'sip:a@t', auid: 'x' };
    check(
      'document',
      userDocument.decide(undefined, { type: 'ChangeDocument', data: { ...name, xml: '<x/>' } }),
    );
    check('document', userDocument.decide({ xml: '<x/>' }, { type: 'RemoveDocument', data: name }));
  });
});

describe('a released schema', () => {
  it('is as it was released', () => {
    expect(brokenReleases(schemas, readReleased(FOLDER))).toEqual([]);
  });

  it('is missed when it was edited or is gone', () => {
    const [first] = schemas;
    if (!first) throw new Error('no schema');
    const released = { [first.file]: first.checksum, 'x/gone.v1.json': '0' };
    expect(brokenReleases([first], released)).toEqual(['x/gone.v1.json is gone']);
    const edited = { ...first, checksum: checksumOf({ ...first.schema, required: [] }) };
    expect(brokenReleases([edited], { [first.file]: first.checksum })).toEqual([`${first.file} was edited`]);
  });
});

it('asyncapi.yaml tells the topics, messages and headers as the schemas do', () => {
  expect(readFileSync(path.join(FOLDER, 'asyncapi.yaml'), 'utf8')).toBe(asyncApiOf(schemas));
});
