import { paintOf, wantsColours } from './paint.js';

describe('colours', () => {
  it('are for terminals that want them', () => {
    expect(wantsColours(true, {})).toBe(true);
    expect(wantsColours(true, { NO_COLOR: '' })).toBe(true);
    expect(wantsColours(true, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColours(true, { TERM: 'dumb' })).toBe(false);
    expect(wantsColours(false, {})).toBe(false);
  });

  it('come off again', () => {
    expect(paintOf(true).bad('x')).toBe('\u001b[31mx\u001b[0m');
    expect(paintOf(false).bad('x')).toBe('x');
  });
});
