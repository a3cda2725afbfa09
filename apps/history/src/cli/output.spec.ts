import { Writable } from 'node:stream';
import { createOutput, OutputClosed } from './output.js';

describe('output', () => {
  it('gathers lines into large writes', async () => {
    const writes: string[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        writes.push(chunk.toString());
        done();
      },
    });
    const output = createOutput(stream, () => undefined);
    for (let n = 0; n < 100; n++) await output.line('x'.repeat(1_000));
    await output.flush();
    expect(writes.join('')).toBe(`${'x'.repeat(1_000)}\n`.repeat(100));
    expect(writes).toHaveLength(2);
  });

  it('waits for a slow reader', async () => {
    let release: () => void = () => undefined;
    const stream = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => {
        release = done;
      },
    });
    const output = createOutput(stream, () => undefined);
    void output.line('x');
    let flushed = false;
    const flushing = output.flush().then(() => (flushed = true));
    await Promise.resolve();
    expect(flushed).toBe(false);
    release();
    await flushing;
    expect(flushed).toBe(true);
  });

  it('ends when the reader has gone', async () => {
    const stream = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => done(new Error('EPIPE')),
    });
    let told = 0;
    const output = createOutput(stream, () => told++);
    void output.line('x');
    await expect(output.flush()).rejects.toThrow(OutputClosed);
    void output.line('y');
    await expect(output.flush()).rejects.toThrow(OutputClosed);
    expect(told).toBe(1);
  });
});
