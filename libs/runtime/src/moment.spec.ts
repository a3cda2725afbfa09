import { parseMoment } from './moment.js';

describe('the time of --at', () => {
  const nowMs = Date.UTC(2030, 0, 2);
  it.each([
    ['now', nowMs],
    ['-5m', nowMs - 300_000],
    ['-90s', nowMs - 90_000],
    ['-250ms', nowMs - 250],
    ['-2h', nowMs - 7_200_000],
    ['-1d', nowMs - 86_400_000],
    ['2030-01-01', Date.UTC(2030, 0, 1)],
    ['2030-01-01T10:00:00Z', Date.UTC(2030, 0, 1, 10)],
    ['2030-01-01T10:00', Date.UTC(2030, 0, 1, 10)],
    ['2030-01-01 10:00:00.5', Date.UTC(2030, 0, 1, 10, 0, 0, 500)],
    ['2030-01-01 10:00:00.123Z', Date.UTC(2030, 0, 1, 10, 0, 0, 123)],
    ['2030-01-01T10:00:00+02:00', Date.UTC(2030, 0, 1, 8)],
    ['', undefined],
    ['5m', undefined],
    ['-5x', undefined],
    ['yesterday', undefined],
    ['2030-13-01', undefined],
    ['1', undefined],
  ])('%s', (text, expected) => {
    expect(parseMoment(text, nowMs)).toBe(expected);
  });
});
