import { Kafka as CloudEventsKafka } from 'cloudevents';
import fc from 'fast-check';
import {
  decodeHead,
  decodeRecord,
  decodeStored,
  encodeRecord,
  originalPositionOf,
  type AppendFacts,
  sourceOf,
  sourceOfCopy,
  type FetchedRecord,
  type KafkaRecord,
} from './cloud-events.js';

const FACTS: AppendFacts = {
  stream: 'registration-sip:alice@ims.test',
  topic: 'registration',
  version: 2,
  timeMs: Date.UTC(2026, 1, 3, 4, 5, 6, 7),
  id: 'abc-1',
  source: '/clearwater/test',
  expected: undefined,
  correlationId: undefined,
  causationId: undefined,
  idempotencyKey: undefined,
  appendId: 'abc-1',
  index: 0,
  count: 1,
};
const EVENT = { type: 'BindingAdded', data: { contact: 'sip:alice@192.0.2.1', note: 'Zoë\n🙂' } };

/** As a broker gives it back. */
const fetched = ({ key, value, headers }: KafkaRecord, offset = 0): FetchedRecord => ({
  offset: String(offset),
  key: Buffer.from(key),
  value: Buffer.from(value),
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});

const AT = { generation: 1, partition: 0, offset: 0 };

describe('an event as a Kafka record', () => {
  it('is a CloudEvent in binary mode to the CloudEvents SDK', () => {
    const { key, value, headers } = encodeRecord(EVENT, { ...FACTS, correlationId: 'call 1', expected: 3 });
    const event = CloudEventsKafka.toEvent({ ...{ key, value }, headers, body: value });
    expect(Array.isArray(event)).toBe(false);
    expect(event).toMatchObject({
      specversion: '1.0',
      id: 'abc-1',
      type: 'clearwater.registration.BindingAdded.v2',
      source: '/clearwater/test',
      subject: 'registration-sip:alice@ims.test',
      datacontenttype: 'application/json',
      dataschema: '/schemas/registration/binding-added.v2.json',
      correlationid: 'call 1',
      data: EVENT.data,
    });
  });

  it('comes back as it went, whatever is in it', () => {
    const text = fc.string({ unit: 'binary' });
    const option = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
    fc.assert(
      fc.property(
        fc.record({
          name: fc.string({ minLength: 1, unit: 'grapheme' }),
          data: fc.dictionary(text, fc.jsonValue()),
          expected: option(fc.nat()),
          correlationId: option(fc.string()),
          causationId: option(fc.string()),
          idempotencyKey: option(fc.string()),
          timeMs: fc.nat({ max: 4_000_000_000_000 }),
          count: fc.integer({ min: 1, max: 1_000 }),
        }),
        ({ name, data, count, ...rest }) => {
          const event = { type: 'Happened', data: JSON.parse(JSON.stringify(data)) as object };
          const facts = { ...FACTS, ...rest, stream: `registration-${name}`, count, index: count - 1 };
          const record = fetched(encodeRecord(event, facts), 7);
          const position = { generation: 3, partition: 2, offset: 7 };
          const recorded = decodeRecord(record, 'registration', position, undefined);
          expect(recorded.unreadable).toBeUndefined();
          expect(recorded).toMatchObject({
            event,
            stream: facts.stream,
            position,
            id: facts.id,
            timeMs: rest.timeMs,
          });
          expect([recorded.expected, recorded.correlationId, recorded.causationId]).toEqual([
            rest.expected,
            rest.correlationId,
            rest.causationId,
          ]);
          expect(decodeHead(record)).toEqual({
            stream: facts.stream,
            id: facts.id,
            appendId: facts.appendId,
            index: count - 1,
            count,
            expected: rest.expected,
            idempotencyKey: rest.idempotencyKey,
          });
        },
      ),
    );
  });

  it('keeps in a copy who wrote it first, and names nobody where that was not said', () => {
    for (const node of ['router-1.ims.test:9881', undefined]) {
      const record = fetched(encodeRecord(EVENT, { ...FACTS, source: sourceOfCopy(node) }));
      expect(decodeStored(record, 'registration', AT, undefined)?.node).toBe(node);
      expect(decodeRecord(record, 'registration', AT, undefined).node).toBe(node);
    }
  });

  it('tells which node wrote it; nothing of one that another program wrote', () => {
    const nodeOf = (source: string) =>
      decodeRecord(fetched(encodeRecord(EVENT, { ...FACTS, source })), 'registration', AT, undefined).node;
    for (const node of ['router-1.ims.test:9881', '[2001:db8::1]:9881', 'a/b %']) expect(nodeOf(sourceOf(node))).toBe(node);
    expect([nodeOf('/elsewhere/x'), nodeOf('/clearwater/%')]).toEqual([undefined, undefined]);
  }); // prettier-ignore

  it('reads a record of any content without throwing, and says what it cannot read', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each));
    const names = ['ce_id', 'ce_type', 'ce_subject', 'ce_time', 'ce_appendindex', 'ce_expectedrevision'];
    // A header of another program's record may have no value at all.
    const headers = fc.dictionary(fc.constantFrom(...names), fc.option(bytes));
    fc.assert(
      fc.property(fc.option(bytes), fc.option(bytes), headers, (key, value, all) => {
        const record = { offset: '1', key, value, headers: all };
        decodeHead(record);
        expect(typeof decodeRecord(record, 'calls', AT, undefined).unreadable).toBe('string');
      }),
    );
  });

  it('tells an event that was put into another topic, and a version that this program does not know', () => {
    const record = fetched(encodeRecord(EVENT, FACTS));
    expect(decodeRecord(record, 'calls', AT, undefined).unreadable).toMatch(/not an event of calls/);
    const upcast = () => {
      throw new Error('version 2 is not known');
    };
    expect(decodeRecord(record, 'registration', AT, upcast).unreadable).toMatch(/version 2/);
  });

  it('keeps where a copied event stood', () => {
    const originalPosition = { generation: 1, partition: 4, offset: 900 };
    expect(originalPositionOf(fetched(encodeRecord(EVENT, { ...FACTS, originalPosition })))).toEqual(
      originalPosition,
    );
    expect(originalPositionOf(fetched(encodeRecord(EVENT, FACTS)))).toBeUndefined();
  });

  it('refuses a type that could not be told apart in its name', () => {
    expect(() => encodeRecord({ type: 'a.b', data: {} }, FACTS)).toThrow('not a name');
  });
});
