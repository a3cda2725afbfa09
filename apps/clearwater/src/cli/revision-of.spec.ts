// What `--expected` takes: a text that is no revision is refused, and not compared as one that nothing ever equals.
import { revisionOf } from './revision-of.js';

it.each([['0', 0], ['17', 17]])('%s', (text, revision) => expect(revisionOf(text)).toBe(revision)); // prettier-ignore

it.each(['abc', '', '-1', '1.5', '1e3', ' 1', '9'.repeat(16)])('%j is refused', (text) => {
  expect(() => revisionOf(text)).toThrow('It takes a revision');
});
