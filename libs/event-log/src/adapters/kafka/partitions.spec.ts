import fc from 'fast-check';
import { partitionOf, partsOf, placeOf, topicName } from './partitions.js';

describe('where a stream lives', () => {
  it('puts all streams about one session on the same partition number', () => {
    const name = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 64 }), (about, partitions) => {
        const partition = partitionOf(`registration-${about}`, partitions);
        expect(partitionOf(`timer-${about}`, partitions)).toBe(partition);
        expect(partition).toBeGreaterThanOrEqual(0);
        expect(partition).toBeLessThan(partitions);
      }),
    );
  });

  it('never changes: these are in the logs of running cores', () => {
    expect(
      ['registration-sip:alice@ims.test', 'call-0123456789abcdef', 'identity-tel:+4930123'].map((stream) =>
        partitionOf(stream, 12),
      ),
    ).toEqual([0, 3, 3]);
  });

  it('names topics by generation', () => {
    expect(topicName('clearwater', 3, 'calls')).toBe('clearwater.3.calls');
    expect(partsOf(placeOf('calls', 11))).toEqual({ topic: 'calls', partition: 11 });
  });
});
