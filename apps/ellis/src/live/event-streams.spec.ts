// Streams whose readers go: nothing of them is left, whenever they go.
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createFakeClock } from '#libs/testkit';
import { EventStreams, STREAMS_OF_OWNER_MAX } from './event-streams.js';

const response = (destroyed = false) => {
  const written: string[] = [];
  const raw = Object.assign(new EventEmitter(), {
    destroyed,
    writableLength: 0,
    writeHead: () => undefined,
    write: (text: string) => written.push(text),
    end: () => undefined,
    destroy: () => undefined,
  });
  return { raw: raw as unknown as ServerResponse & typeof raw, written };
};

it('counts nobody who went before the answer began', () => {
  const streams = new EventStreams(createFakeClock());
  const ended: string[] = [];
  for (let n = 0; n < STREAMS_OF_OWNER_MAX; n++) {
    const { raw, written } = response(true);
    streams.begin('alice', raw, () => Promise.resolve(true)).onEnd(() => ended.push('ended'));
    expect(written).toEqual([]);
  }
  expect(ended).toHaveLength(STREAMS_OF_OWNER_MAX);
  expect(() => streams.admit('alice')).not.toThrow();
});

it('asks no more about who went while it was asked', async () => {
  const clock = createFakeClock();
  const streams = new EventStreams(clock);
  const { raw, written } = response();
  let answer: (allowed: boolean) => void = () => undefined;
  let asked = 0;
  streams.begin('alice', raw, () => {
    asked += 1;
    return new Promise((resolve) => (answer = resolve));
  });
  clock.advance(15_000);
  expect(asked).toBe(1);
  raw.emit('close');
  answer(true);
  await new Promise(setImmediate);
  clock.advance(60_000);
  await new Promise(setImmediate);
  expect([asked, written.length]).toEqual([1, 1]);
});
