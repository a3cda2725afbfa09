import fc from 'fast-check';
import { frame, FRAME_BYTES_MAX, Framer } from './framing.js';

const framed = (pieces: readonly string[]) => {
  const messages: string[] = [];
  const faults: string[] = [];
  const framer = new Framer({
    message: (text) => void messages.push(text),
    failed: (fault) => void faults.push(fault),
  });
  for (const piece of pieces) framer.push(piece);
  return { messages, faults, partial: framer.partial };
};

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 300,
});

/** Cuts at these places, in any order and however often. */
const cut = (text: string, at: readonly number[]): string[] => {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => text.slice(from, places[i] ?? text.length));
};

it('gives back what was framed, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(latin1, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (messages, at) => {
      const stream = messages.map(frame).join('');
      expect(framed(cut(stream, at))).toEqual({ messages, faults: [], partial: false });
    }),
  );
});

it('says the same of any input, however it is cut, and never throws', () => {
  const input = fc.array(fc.oneof(latin1, fc.constantFrom('#', '12#', '0#', '3#abc', '999999#', '131072#')));
  fc.assert(
    fc.property(input, fc.array(fc.nat(), { maxLength: 20 }), (parts, at) => {
      const stream = parts.join('');
      expect(framed(cut(stream, at))).toEqual(framed([stream]));
    }),
  );
});

it.each([
  ['#abc', 'length-missing'],
  ['0#', 'length-bad'],
  ['12a#', 'length-bad'],
  ['GET / HTTP/1.1', 'length-bad'],
  [`${FRAME_BYTES_MAX + 1}#`, 'too-long'],
  ['00000000001', 'too-long'],
])('gives up at %j: %s', (input, fault) => {
  expect(framed([frame('before'), input, frame('after')])).toEqual({
    messages: ['before'],
    faults: [fault],
    partial: false,
  });
});

it('takes the longest message', () => {
  const longest = 'x'.repeat(FRAME_BYTES_MAX);
  expect(framed([frame(longest)]).messages).toEqual([longest]);
});

it('stops in the middle of a piece', () => {
  const messages: string[] = [];
  const framer = new Framer({
    message(text) {
      messages.push(text);
      framer.stop();
    },
    failed: () => undefined,
  });
  framer.push(frame('a') + frame('b'));
  framer.push(frame('c'));
  expect(messages).toEqual(['a']);
});
