// Replies as nobody should send them: read or refused, never a fault of this process.
import { type Answer, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { DnsUnavailable } from '../dns.port.js';
import { encodeQuestion, type Question, readMessage } from './dns-message.js';

const question: Question = { id: 0x1234, name: 'sip.test', type: 'SRV' };
const srv = (target: string): Answer => ({
  type: 'SRV',
  name: 'sip.test',
  ttl: 60,
  data: { priority: 1, weight: 1, port: 5060, target },
});
const reply = (more: Partial<Packet> = {}): Packet => ({
  type: 'response',
  id: question.id,
  flags: 0x0180,
  questions: [{ type: 'SRV', name: 'SIP.test' }],
  answers: [srv('a.test'), srv('b.test')],
  ...more,
});
const read = (packet: Packet) => readMessage(encode(packet), question);

it('takes the reply to its question, in whatever case', () => {
  expect(read(reply())).toMatchObject({
    exists: true,
    records: [{ name: 'sip.test' }, { name: 'sip.test' }],
  });
});

it.each<[string, Packet]>([
  ['another id', reply({ id: 1 })],
  ['another name', reply({ questions: [{ type: 'SRV', name: 'sap.test' }] })],
  ['another type', reply({ questions: [{ type: 'A', name: 'sip.test' }] })],
  ['no question', reply({ questions: [] })],
  ['a query', { ...reply(), type: 'query', flags: 0 }],
])('waits on after a message with %s', (_what, packet) => expect(read(packet)).toBe('other'));

it('tells what to do about others', () => {
  expect(read(reply({ flags: 0x0380 }))).toBe('cut');
  expect(read(reply({ flags: 0x0181 }))).toBe('no-edns');
  expect(read(reply({ flags: 0x0181, questions: [] }))).toBe('no-edns');
  expect(read(reply({ flags: 0x0182 }))).toBeInstanceOf(DnsUnavailable);
  expect(read(reply({ flags: 0x0183, answers: [] }))).toMatchObject({ exists: false, records: [] });
});

it('reads what was changed, cut or made up without falling over it', () => {
  const whole = encode(reply({ additionals: [{ type: 'A', name: 'a.test', ttl: 1, data: '10.0.0.1' }] }));
  const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(changes, fc.nat(whole.length), (changed, length) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changed) bytes[at] = value;
      for (const message of [bytes, bytes.subarray(0, length)]) {
        const said = readMessage(message, question);
        if (typeof said === 'string' || said instanceof DnsUnavailable) continue;
        for (const one of said.records) {
          expect(one.name).toMatch(/^[a-z0-9_.-]+$/);
          expect(one.ttlS).toBeGreaterThanOrEqual(0);
          if ('record' in one && one.record.type === 'SRV')
            expect(one.record.target).toMatch(/^[a-z0-9_.-]*$/);
        }
      }
    }),
    { numRuns: 3_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (noise) => void readMessage(Buffer.from(noise), question)),
  );
  // Names that point at themselves, and at each other.
  const circle = Buffer.concat([
    whole.subarray(0, 12),
    Buffer.from([0xc0, 0x0c, 0, 33, 0, 1]),
    Buffer.from([0xc0, 0x0c]),
  ]);
  expect(readMessage(circle, question)).toBe('other');
});

it('asks as it is asked to', () => {
  expect(encodeQuestion(question, true).length).toBeGreaterThan(encodeQuestion(question, false).length);
});
