import { plain, relativeText, spanText } from './plain-text.js';

describe('text for a terminal', () => {
  it('shows control characters as what they are', () => {
    expect(plain('a\u001b[2Jb\nc\u0085\u202e')).toBe('a\\u001b[2Jb\\u000ac\\u0085\\u202e');
    expect(plain('sip:ä→ü')).toBe('sip:ä→ü');
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [61_000, '1 m 1 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [90_061_000, '1 d 1 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });

  it('says which side of now', () => {
    expect(relativeText(1_000, 3_000)).toBe('2 s ago');
    expect(relativeText(3_000, 1_000)).toBe('in 2 s');
  });
});
