import { TimerWheel } from '#libs/sip';
import { createFakeClock } from '#libs/testkit';
import { Invocation } from './invocation.js';

const world = (livenessMs = 2_000) => {
  const clock = createFakeClock();
  let overdue = 0;
  const asked = { role: 'originating', served: 'sip:alice@ims.test', priority: 0, server: 'sip:as' } as const;
  const timers = new TimerWheel(clock);
  const watcher = { overdue: (): void => void overdue++ };
  const server = new Invocation({ token: 't', asked, handling: 'continued', timers, livenessMs, watcher });
  const pass = (ms: number): void => {
    clock.advance(ms);
    timers.advance();
  };
  return { pass, timers, server, overdue: () => overdue };
};

describe('the liveness timer of an application server', () => {
  it('fires when it is silent', () => {
    const { pass, overdue } = world();
    pass(1_990);
    expect(overdue()).toBe(0);
    pass(10);
    expect(overdue()).toBe(1);
  });

  it('starts again with its first 100, and with no other', () => {
    const { pass, server, overdue } = world();
    pass(1_500);
    server.hears({ kind: 'provisional', status: 100 });
    pass(1_500);
    server.hears({ kind: 'provisional', status: 100 });
    pass(490);
    expect(overdue()).toBe(0);
    pass(10);
    expect(overdue()).toBe(1);
  });

  it.each([
    ['when it rings', { kind: 'provisional', status: 180 }],
    ['when the request comes back', { kind: 'returned' }],
    ['when it answers', { kind: 'failed', status: 486 }],
  ] as const)('ends %s', (_when, sign) => {
    const { pass, timers, server, overdue } = world();
    server.hears(sign);
    expect(timers.size).toBe(0);
    pass(10_000);
    expect(overdue()).toBe(0);
  });

  it('is not there where the operator wants none', () => expect(world(0).timers.size).toBe(0));
});
