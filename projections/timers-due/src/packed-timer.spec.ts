// Every timer comes back as it was, from either form.
import fc from 'fast-check';
import type { RunningTimer } from '#libs/domain';
import { packTimer, unpackTimer } from './packed-timer.js';

const number = fc.nat({ max: 2 ** 47 });
const position = fc.record({ generation: fc.nat(), partition: fc.nat({ max: 99 }), offset: number });
const text = fc.string({ unit: 'binary', maxLength: 20 });
const timers: fc.Arbitrary<RunningTimer> = fc
  .record({
    startMs: number,
    intervalS: fc.nat(),
    repeatForS: fc.nat(),
    uri: text,
    opaque: text,
    tags: fc.array(fc.record({ type: text, count: fc.nat() }), { maxLength: 3 }),
    replicationFactor: fc.nat(),
    setAt: position,
    at: fc.option(position, { nil: undefined }),
    sequence: fc.nat(),
    fullAtMs: number,
  })
  .map(({ at, ...timer }) => ({ ...timer, at: at ?? timer.setAt }));

it('gives every timer back, and reads those of before', () => {
  fc.assert(
    fc.property(timers, (timer) => {
      expect(unpackTimer(packTimer(timer))).toEqual(timer);
      expect(unpackTimer(JSON.stringify(timer))).toEqual(timer);
    }),
  );
});

it('takes half of its JSON for a usual one', () => {
  const setAt = { generation: 1, partition: 0, offset: 123_456_789 };
  const timer: RunningTimer = {
    startMs: 1_795_000_000_000,
    intervalS: 3_600,
    repeatForS: 90_000,
    uri: 'http://127.0.0.1:9888/timers',
    opaque: '{"aor_id":"sip:1@ims.test","binding_id":"<urn:uuid:1>:1"}',
    tags: [{ type: 'BIND', count: 1 }],
    replicationFactor: 2,
    setAt,
    at: setAt,
    sequence: 0,
    fullAtMs: 1_795_000_000_004,
  };
  expect(unpackTimer(packTimer(timer))).toEqual(timer);
  expect(packTimer(timer).length / JSON.stringify(timer).length).toBeLessThan(0.5);
});
