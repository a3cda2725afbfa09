import { dispositionOf, type Forking, ringingGroups } from './request-disposition.js';

const device = (name: string, q: number) => ({ name, q });
const groups = (forking: Forking, ...devices: readonly ReturnType<typeof device>[]): string =>
  ringingGroups(devices, forking)
    .map((group) => group.map(({ name }) => name).join('+'))
    .join(', then ');

describe('groups of devices', () => {
  const desk = device('desk', 1);
  const mobile = device('mobile', 0.5);
  const tablet = device('tablet', 0.5);
  const mailbox = device('mailbox', 0.1);

  it.each([
    ['by-q', 'desk, then mobile+tablet, then mailbox'],
    ['parallel', 'desk+mobile+tablet+mailbox'],
    ['sequential', 'desk, then mobile, then tablet, then mailbox'],
    ['none', 'desk'],
  ] as const)('%s: %s', (forking, expected) =>
    expect(groups(forking, desk, mobile, tablet, mailbox)).toBe(expected),
  );

  it.each(['by-q', 'parallel', 'sequential', 'none'] as const)('%s of nobody are none', (forking) =>
    expect(ringingGroups([], forking)).toEqual([]),
  );

  it('without a q are one', () => expect(groups('by-q', desk, device('other', 1))).toBe('desk+other'));
});

describe('Request-Disposition', () => {
  it.each([
    ['', 'by-q', true],
    ['fork', 'by-q', true],
    ['no-fork', 'none', true],
    ['No-Fork, parallel', 'none', true],
    ['sequential', 'sequential', true],
    ['proxy, recurse, parallel', 'parallel', true],
    ['no-cancel', 'by-q', false],
    ['parallel,no-cancel', 'parallel', false],
    // There is one directive of a kind: the first.
    ['sequential, parallel', 'sequential', true],
    ['cancel, no-cancel', 'by-q', true],
    // Not done: what the devices say is the answer.
    ['queue', 'by-q', true],
    ['redirect', 'by-q', true],
    [',,no-fork;=, x', 'by-q', true],
  ] as const)('%s: %s, others cancelled: %s', (said, forking, cancels) => {
    expect(dispositionOf(said.split(','))).toEqual({ forking, cancels });
  });
});
