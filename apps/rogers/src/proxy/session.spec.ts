import type { Change, Failure, Item } from '#libs/memcached-protocol';
import type { Wanted } from './change.js';
import { PIPELINE_MAX, Session } from './session.js';

type Got = Item | undefined | Failure;

/** Answers when it is told to, in whatever order. */
const setUp = () => {
  const gets: { key: string; done: (found: Got) => void }[] = [];
  const changes: { wanted: Wanted; done: (outcome: Change | Failure) => void }[] = [];
  let ends = 0;
  let unsent = 0;
  const session = new Session({
    router: {
      get: (key, done) => void gets.push({ key, done }),
      change: (wanted, done) => void changes.push({ wanted, done }),
    },
    version: 'v',
    stats: () => [['a', '1']],
    unsentBytes: () => unsent,
    onOutput: () => undefined,
    onEnd: () => void (ends += 1),
  });
  const said = (): string => Buffer.concat([...session.out.take()]).toString('latin1');
  return { session, gets, changes, said, ends: () => ends, block: (bytes: number) => (unsent = bytes) };
};
const item = (text: string): Item => ({ flags: 0, cas: 1, value: Buffer.from(text), ttlS: -1 });

describe('a session', () => {
  it('answers in the order of the requests, whatever is ready first', () => {
    const { session, gets, changes, said } = setUp();
    session.push(Buffer.from('get a b\r\nset c 0 0 1\r\nx\r\nversion\r\nstats\r\n'));
    changes[0]!.done({ change: 'done', cas: 9 });
    gets[1]!.done(item('two'));
    expect(said()).toBe('');
    gets[0]!.done(undefined);
    expect(said()).toBe('VALUE b 0 3\r\ntwo\r\nEND\r\nSTORED\r\nVERSION v\r\nSTAT a 1\r\nEND\r\n');
  });

  it('never shows what could not be asked as a miss', () => {
    const { session, gets, said } = setUp();
    session.push(Buffer.from('get a b\r\n'));
    gets[0]!.done(item('one'));
    gets[1]!.done({ failure: 'unavailable' });
    expect(said()).toBe('SERVER_ERROR temporary failure\r\n');
  });

  it('keeps what Rogers keeps for itself from its clients', () => {
    const { session, gets, changes, said } = setUp();
    session.push(Buffer.from('get rogers//17\r\nset rogers//lock 0 0 1 noreply\r\nx\r\n'));
    expect([gets.length, changes.length]).toEqual([0, 0]);
    expect(said()).toBe('CLIENT_ERROR bad key\r\nCLIENT_ERROR bad key\r\n');
  });

  it('reads so many requests ahead and no more, and reads on as they are answered', () => {
    const { session, gets } = setUp();
    session.push(Buffer.from('get a\r\n'.repeat(PIPELINE_MAX + 10)));
    expect([gets.length, session.isFull]).toEqual([PIPELINE_MAX, true]);
    gets[0]!.done(undefined);
    expect(gets.length).toBe(PIPELINE_MAX + 1);
  });

  it('reads nothing from who does not take its answers', () => {
    const { session, gets, block } = setUp();
    block(100 * 1024 * 1024);
    session.push(Buffer.from('get a\r\n'));
    expect([gets.length, session.isFull]).toEqual([0, true]);
    block(0);
    session.run();
    expect(gets.length).toBe(1);
  });

  it('ends after quit, and after what cannot be understood, once all before it is answered', () => {
    const { session, gets, said, ends } = setUp();
    session.push(Buffer.from('get a\r\nquit\r\nget b\r\n'));
    expect([gets.length, ends()]).toEqual([1, 0]);
    gets[0]!.done(undefined);
    expect([said(), ends()]).toEqual(['END\r\n', 1]);
    const other = setUp();
    other.session.push(Buffer.alloc(70_000, 'x'));
    expect([other.said(), other.ends()]).toEqual(['CLIENT_ERROR bad command line format\r\n', 1]);
  });
});
