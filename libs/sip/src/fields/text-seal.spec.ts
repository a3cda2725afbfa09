import fc from 'fast-check';
import { TextSeal } from './text-seal.js';

const seal = new TextSeal(Buffer.alloc(32, 1), 'test');

it('opens what it sealed, with the same key, purpose and context only', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', minLength: 1 }), fc.string(), (text, context) => {
      const token = seal.seal(text, context);
      expect(token).toMatch(/^[\w-]+$/);
      expect(seal.open(token, context)).toBe(text);
      expect(seal.open(token, `${context}x`)).toBeUndefined();
      expect(new TextSeal(Buffer.alloc(32, 2), 'test').open(token, context)).toBeUndefined();
      expect(new TextSeal(Buffer.alloc(32, 1), 'other').open(token, context)).toBeUndefined();
    }),
  );
});

it('seals a text alike in one context, and otherwise in another', () => {
  expect(seal.seal('a', '1')).toBe(seal.seal('a', '1'));
  expect(seal.seal('a', '1').slice(0, 16)).not.toBe(seal.seal('a', '2').slice(0, 16));
  expect(seal.seal('a', '1').slice(0, 16)).not.toBe(seal.seal('b', '1').slice(0, 16));
});

it('opens nothing that was changed, and takes any text', () => {
  const token = seal.seal('sip:alice@10.0.0.1');
  for (let at = 0; at < token.length - 1; at++) {
    const other = token[at] === 'A' ? 'B' : 'A';
    expect(seal.open(token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined();
  }
  fc.assert(fc.property(fc.string(), (text) => seal.open(text) === undefined));
});

it('marks depend on every text and on where each ends', () => {
  const marks = [['a', 'b'], ['ab'], ['a', 'b', ''], ['b', 'a']].map((texts) => seal.mark(texts));
  expect(new Set(marks).size).toBe(4);
  expect(marks[0]).toMatch(/^[0-9a-f]{16}$/);
});
