import fc from 'fast-check';
import type { Binding } from '#libs/domain';
import { chooseTargets, TARGETS_MAX } from './targets.js';

const binding = (more: Partial<Binding> = {}): Binding => ({
  bindingId: 'sip:bob@10.0.0.1',
  contact: 'sip:bob@10.0.0.1',
  params: '',
  q: 1,
  callId: 'c',
  cseq: 1,
  expiresAtMs: 300_000,
  grantedS: 300,
  path: [],
  impi: 'bob@ims.test',
  impu: 'sip:bob@ims.test',
  identities: ['sip:bob@ims.test'],
  ...more,
});

/** Bound at that second, for 300 s. */
const boundAt = (second: number, more: Partial<Binding>): Binding =>
  binding({ expiresAtMs: (second + 300) * 1000, ...more });

const contacts = (bindings: readonly Binding[]): string[] =>
  chooseTargets(bindings).map(({ binding: { contact } }) => contact);

it('rings nobody where nobody is bound', () => expect(chooseTargets([])).toEqual([]));

it('rings each device once, however many flows it has, by its newest flow', () => {
  const flows = [
    boundAt(1, { bindingId: 'd:1', contact: 'old', instance: 'd' }),
    boundAt(3, { bindingId: 'd:2', contact: 'newest', instance: 'd' }),
    boundAt(2, { bindingId: 'd:3', contact: 'middle', instance: 'd' }),
  ];
  const [target, ...more] = chooseTargets(flows);
  expect(more).toEqual([]);
  expect(target!.binding.contact).toBe('newest');
  expect(target!.others.map(({ contact }) => contact)).toEqual(['middle', 'old']);
});

it('tells by the time of registering, not of expiry, which flow is newest', () => {
  const long = binding({
    bindingId: 'd:1',
    contact: 'first',
    instance: 'd',
    expiresAtMs: 3_600_000,
    grantedS: 3_600,
  });
  const short = binding({
    bindingId: 'd:2',
    contact: 'second',
    instance: 'd',
    expiresAtMs: 100_000,
    grantedS: 60,
  });
  expect(contacts([long, short])).toEqual(['second']);
});

it('rings devices with a higher q first, then those that came last', () => {
  const devices = [
    boundAt(1, { bindingId: 'a', contact: 'a', q: 0.5 }),
    boundAt(2, { bindingId: 'b', contact: 'b', q: 1 }),
    boundAt(3, { bindingId: 'c', contact: 'c', q: 1 }),
  ];
  expect(contacts(devices)).toEqual(['c', 'b', 'a']);
});

it('leaves emergency bindings to emergencies, even when there is nothing else', () => {
  expect(chooseTargets([binding({ emergency: true })])).toEqual([]);
  const both = [binding({ bindingId: 'a', emergency: true }), binding({ bindingId: 'b', contact: 'b' })];
  expect(contacts(both)).toEqual(['b']);
});

it('takes contacts without an instance for a device each', () => {
  expect(
    contacts([binding({ bindingId: 'a', contact: 'a' }), binding({ bindingId: 'b', contact: 'b' })]),
  ).toHaveLength(2);
});

it(`rings at most ${TARGETS_MAX} devices, and none twice`, () => {
  const any = fc.record({
    device: fc.integer({ min: 0, max: 14 }),
    flow: fc.integer({ min: 0, max: 2 }),
    second: fc.integer({ min: 0, max: 100 }),
    q: fc.constantFrom(0, 0.3, 1),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(any, { selector: ({ device, flow }) => `${device}:${flow}`, maxLength: 30 }),
      (made) => {
        const bindings = made.map(({ device, flow, second, q }) =>
          boundAt(second, { bindingId: `${device}:${flow}`, instance: String(device), q }),
        );
        const targets = chooseTargets(bindings);
        const devices = new Set(made.map(({ device }) => device));
        expect(targets).toHaveLength(Math.min(devices.size, TARGETS_MAX));
        expect(new Set(targets.map(({ binding: { instance } }) => instance)).size).toBe(targets.length);
        for (const { binding: chosen, others } of targets)
          expect(others.every(({ instance }) => instance === chosen.instance)).toBe(true);
      },
    ),
  );
});
