// A log whose disk is full, whose reader is slow or gone.
import { createLineWriter } from './line-writer.js';
import { createLogger } from './logger.js';

const full = (): never => {
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
};

const newOutput = () => {
  const state = { text: '', write: (bytes: Buffer): number => take(bytes, bytes.length) };
  const take = (bytes: Buffer, count: number): number => {
    state.text += bytes.subarray(0, count).toString();
    return Math.min(count, bytes.length);
  };
  return { state, take, writer: createLineWriter((bytes) => state.write(bytes)) };
};

it('writes lines as they come', () => {
  const { state, writer } = newOutput();
  writer.write('one\n');
  writer.write('two\n');
  expect(state.text).toBe('one\ntwo\n');
});

it('loses lines while nothing can be written, says how many, and goes on', () => {
  const { state, take, writer } = newOutput();
  state.write = full;
  for (let n = 0; n < 3; n++) writer.write('lost\n');
  expect(writer.lost).toBe(3);
  state.write = (bytes) => take(bytes, bytes.length);
  writer.write('again\n');
  expect(state.text).toBe('{"level":"warn","msg":"log lines were lost","lines":3}\nagain\n');
  expect(writer.lost).toBe(0);
});

it('begins a new line after one that broke off', () => {
  const { state, take, writer } = newOutput();
  let calls = 0;
  state.write = (bytes) => (calls++ === 0 ? take(bytes, 3) : full());
  writer.write('half of it\n');
  state.write = (bytes) => take(bytes, bytes.length);
  writer.write('whole\n');
  expect(state.text).toBe('hal\n{"level":"warn","msg":"log lines were lost","lines":1}\nwhole\n');
});

it('writes on what was taken in part, and gives up on who takes nothing', () => {
  const { state, take, writer } = newOutput();
  state.write = (bytes) => take(bytes, 4);
  writer.write('in pieces of four\n');
  expect(state.text).toBe('in pieces of four\n');
  state.write = () => 0;
  writer.write('nobody\n');
  expect(writer.lost).toBe(1);
});

it('lets a fatal line be said on a full disk: the process can end', () => {
  const writer = createLineWriter(full);
  createLogger({ name: 'test', destination: writer }).fatal('the end');
  expect(writer.lost).toBe(1);
});
