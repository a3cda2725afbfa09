import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RecordedEvent, Topic } from '#libs/event-log';
import { describeEvent } from './describe-event.js';

const SCHEMAS = path.resolve(import.meta.dirname, '../../../../schemas');

type Example = Readonly<{ type: string; subject: string; data: object }>;
const examples = readdirSync(SCHEMAS, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.example.json'))
  .map((file) => JSON.parse(readFileSync(path.join(SCHEMAS, file), 'utf8')) as Example);

const wordsOf = ({ type, subject, data }: Example): string => {
  const [, topic, name = ''] = type.split('.');
  const position = { generation: 0, partition: 0, offset: 0 };
  const recorded: RecordedEvent = { id: 'x', stream: subject, topic: topic as Topic, timeMs: 0, position, event: { type: name, data } }; // prettier-ignore
  return describeEvent(recorded);
};

describe('an event in words', () => {
  it.each(examples.map((example) => [example.type, example] as const))('%s', (type, example) => {
    const words = wordsOf(example);
    expect(words).not.toContain(type.split('.')[2]);
    expect(words).not.toMatch(/undefined|\[object|\n/);
  });

  it.each([
    ['BindingAdded', 'bound sip:alice@10.0.0.5:40000 for 300 s via 127.0.0.1:5058 (initial, Softphone 4.1)'],
    ['BindingRemoved', 'removed sip:alice@10.0.0.5:40000: it expired'],
    ['AllBindingsRemoved', 'removed all bindings: the client asked'],
    ['RequestRefused', 'INVITE sip:alice@ims.test → sip:bob@ims.test: refused 480 (terminating): no binding'],
    ['CredentialChanged', 'credential set, realm ims.test, MD5 and SHA-256'],
    ['IdentityReserved', 'belongs to subscriber 2f1c6a0e-4b0f-4d7e-9d51-1f6f0b1f7a11'],
  ])('%s is: %s', (name, words) => {
    const example = examples.find(({ type }) => type.split('.')[2] === name);
    expect(example && wordsOf(example)).toBe(words);
  });
});
