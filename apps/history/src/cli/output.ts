// Lines to standard output: gathered into large writes, waiting when the reader is slow, ending when it has gone.
// Reader: main.ts; commands write through it.
import type { Writable } from 'node:stream';

/** Nobody reads the output any more (`… | head`): not a fault. */
export class OutputClosed extends Error {}

export interface Output {
  /** Throws OutputClosed. */
  line(text: string): Promise<void> | undefined;
  /** Hands everything over. */
  flush(): Promise<void>;
}

const GATHERED_LENGTH_MAX = 64 * 1024;

/** `onClosed` is called once when the reader has gone, so that a wait for more events can end. */
export const createOutput = (stream: Writable, onClosed: () => void): Output => {
  let gathered = '';
  let closed = false;
  stream.on('error', () => {
    closed = true;
    onClosed();
  });
  const flush = async (): Promise<void> => {
    if (closed) throw new OutputClosed();
    if (gathered === '') return;
    const text = gathered;
    gathered = '';
    if (!stream.write(text)) await drained(stream);
    if (closed) throw new OutputClosed();
  };
  return {
    line(text) {
      gathered += `${text}\n`;
      return gathered.length >= GATHERED_LENGTH_MAX ? flush() : undefined;
    },
    flush,
  };
};

const drained = (stream: Writable): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('error', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('error', done).on('close', done);
  });
