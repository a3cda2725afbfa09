// asyncapi.yaml: topics, messages and their CloudEvents headers, made of the schemas so that it cannot differ from them.
// CloudEvents 1.0 Kafka binding §3.2 (binary content mode). Written by publish.ts, checked by schemas.spec.ts.
import type { EventSchema } from './catalogue.js';

const RETENTION: Readonly<Record<string, string>> = {
  registration: 'at least 7 days',
  charging: 'at least 7 days',
  provisioning: 'for ever',
  accounts: 'for ever',
  timers: 'at least 7 days',
  calls: 'at least 7 days',
};

const HEADERS: readonly (readonly [name: string, description: string, required: boolean])[] = [
  ['content-type', 'application/json', true],
  ['ce_specversion', '1.0', true],
  ['ce_id', 'Unique to the event: tells a second copy from a new event.', true],
  ['ce_type', 'clearwater.<topic>.<EventName>.v<N>', true],
  ['ce_source', 'The deployment that wrote it.', true],
  ['ce_subject', 'The stream; also the key of the record.', true],
  ['ce_time', 'Wall time of the append: for people, never for order.', true],
  ['ce_dataschema', 'Identifier of the schema of the value.', true],
  ['ce_correlationid', 'What the event belongs to: a request, a call.', false],
  ['ce_causationid', 'The event that caused it.', false],
  ['ce_expectedrevision', 'Revision that the stream must be at for the event to count.', false],
  ['ce_appendid', 'Shared by the events of one append: they count together or not at all.', false],
  ['ce_appendindex', 'Place in the append.', false],
  ['ce_appendcount', 'How many events the append has.', false],
  ['ce_originalposition', 'Position before the log was copied to a new generation.', false],
];

type Yaml = string | boolean | readonly Yaml[] | { readonly [key: string]: Yaml };

const PLAIN = /^[$A-Za-z][A-Za-z0-9 ,./_-]*$/;
const OTHER_MEANING = /^(true|false|yes|no|on|off|null)$/i;

/** A text that YAML could read otherwise is quoted. */
const scalar = (value: string | boolean): string => {
  if (typeof value !== 'string') return String(value);
  if (PLAIN.test(value) && !OTHER_MEANING.test(value)) return value;
  return value.includes("'") ? JSON.stringify(value) : `'${value}'`;
};

const lines = (value: Yaml, indent: string): readonly string[] => {
  if (typeof value === 'string' || typeof value === 'boolean') return [`${indent}${scalar(value)}`];
  if (Array.isArray(value))
    return value.flatMap((item: Yaml) => {
      const [first = '', ...rest] = lines(item, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  return Object.entries(value).flatMap(([key, item]) =>
    typeof item === 'string' || typeof item === 'boolean'
      ? [`${indent}${scalar(key)}: ${scalar(item)}`]
      : [`${indent}${scalar(key)}:`, ...lines(item, `${indent}  `)],
  );
};

const messageId = ({ topic, name, version }: EventSchema): string => `${topic}.${name}.v${version}`;

const channel = (topic: string, schemas: readonly EventSchema[]): Yaml => ({
  address: topic,
  title: topic,
  description: `Streams of ${[...new Set(schemas.map(({ category }) => category))].join(', ')}. Kept ${RETENTION[topic] ?? 'for ever'}.`,
  messages: Object.fromEntries(
    schemas.map((schema) => [
      messageId(schema),
      { $ref: `#/components/messages/${messageId(schema)}` },
    ]),
  ),
}); // prettier-ignore

const message = (schema: EventSchema): Yaml => ({
  name: schema.schema.title,
  title: schema.name,
  summary: schema.schema.description,
  contentType: 'application/json',
  headers: { $ref: '#/components/schemas/cloudEventHeaders' },
  payload: { $ref: `./${schema.file}` },
});

/** The whole document. */
export const asyncApiOf = (schemas: readonly EventSchema[]): string => {
  const topics = [...new Set(schemas.map(({ topic }) => topic))].toSorted();
  const inTopic = (topic: string): readonly EventSchema[] =>
    schemas.filter((schema) => schema.topic === topic);
  const document: Yaml = {
    asyncapi: '3.0.0',
    info: {
      title: 'Clearwater events',
      version: '1.0.0',
      description:
        'Every change in the core is a CloudEvents 1.0 event in one of these topics. The record key is the stream, the value is the data.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topics.map((topic) => [topic, channel(topic, inTopic(topic))])),
    operations: Object.fromEntries(
      topics.map((topic) => [
        `publish-${topic}`,
        { action: 'send', channel: { $ref: `#/channels/${topic}` } },
      ]),
    ),
    components: {
      messages: Object.fromEntries(schemas.map((schema) => [messageId(schema), message(schema)])),
      schemas: {
        cloudEventHeaders: {
          type: 'object',
          properties: Object.fromEntries(
            HEADERS.map(([name, description]) => [name, { type: 'string', description }]),
          ),
          required: HEADERS.filter(([, , required]) => required).map(([name]) => name),
        },
      },
    },
  };
  return `# Made of the schemas in this folder by schemas/publish.ts; not edited by hand.\n${lines(document, '').join('\n')}\n`;
};
