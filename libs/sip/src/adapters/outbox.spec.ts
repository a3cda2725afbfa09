import { Outbox, OUTBOX_MAX } from './outbox.js';

describe('Outbox', () => {
  const setUp = (): { outbox: Outbox; sent: string[]; due: (() => void)[] } => {
    const sent: string[] = [];
    const due: (() => void)[] = [];
    const outbox = new Outbox(
      (message, address, port) => sent.push(`${message} to ${address}:${port}`),
      (run) => due.push(run),
    );
    return { outbox, sent, due };
  };

  it('sends in one run, in order, what was added while input was read', () => {
    const { outbox, sent, due } = setUp();
    outbox.add('a', '192.0.2.1', 5060);
    outbox.add('b', '192.0.2.2', 5062);
    expect([sent, outbox.size]).toEqual([[], 2]);
    for (const run of due.splice(0)) run();
    expect(sent).toEqual(['a to 192.0.2.1:5060', 'b to 192.0.2.2:5062']);
    expect([due, outbox.size]).toEqual([[], 0]);
  });

  it('asks for its turn again with the next message', () => {
    const { outbox, sent, due } = setUp();
    outbox.add('a', '192.0.2.1', 5060);
    due.pop()!();
    outbox.add('b', '192.0.2.1', 5060);
    expect(due).toHaveLength(1);
    due.pop()!();
    expect(sent).toHaveLength(2);
  });

  it('sends at once what reaches its bound, and nothing twice when its turn comes', () => {
    const { outbox, sent, due } = setUp();
    for (let count = 0; count < OUTBOX_MAX; count++) outbox.add(`${count}`, '192.0.2.1', 5060);
    expect([sent.length, outbox.size]).toEqual([OUTBOX_MAX, 0]);
    outbox.add('last', '192.0.2.1', 5060);
    for (const run of due.splice(0)) run();
    expect(sent).toHaveLength(OUTBOX_MAX + 1);
    expect(sent.at(-1)).toBe('last to 192.0.2.1:5060');
  });
});
