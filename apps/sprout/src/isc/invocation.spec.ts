import { createFakeClock } from '#libs/testkit';
import { Invocation } from './invocation.js';

const world = (livenessMs = 2_000) => {
  const clock = createFakeClock();
  let overdue = 0;
  const asked = { role: 'originating', served: 'sip:alice@ims.test', priority: 0, server: 'sip:as' } as const;
  const onOverdue = (): void => void overdue++;
  const server = new Invocation({ token: 't', asked, handling: 'continued', clock, livenessMs, onOverdue });
  return { clock, server, overdue: () => overdue };
};

describe('the liveness timer of an application server', () => {
  it('fires when it is silent', () => {
    const { clock, overdue } = world();
    clock.advance(1_999);
    expect(overdue()).toBe(0);
    clock.advance(1);
    expect(overdue()).toBe(1);
  });

  it('starts again with its first 100, and with no other', () => {
    const { clock, server, overdue } = world();
    clock.advance(1_500);
    server.hears({ kind: 'provisional', status: 100 });
    clock.advance(1_500);
    server.hears({ kind: 'provisional', status: 100 });
    clock.advance(499);
    expect(overdue()).toBe(0);
    clock.advance(1);
    expect(overdue()).toBe(1);
  });

  it.each([
    ['when it rings', { kind: 'provisional', status: 180 }],
    ['when the request comes back', { kind: 'returned' }],
    ['when it answers', { kind: 'failed', status: 486 }],
  ] as const)('ends %s', (_when, sign) => {
    const { clock, server, overdue } = world();
    server.hears(sign);
    expect(clock.pending).toBe(0);
    clock.advance(10_000);
    expect(overdue()).toBe(0);
  });

  it('is not there where the operator wants none', () => expect(world(0).clock.pending).toBe(0));
});
