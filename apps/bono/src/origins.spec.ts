import { originCheck } from './origins.js';

describe('the origin of a WebSocket', () => {
  it('may be any while none are named', () => {
    const check = originCheck([]);
    expect(['https://evil.test', 'null', undefined].map(check)).toEqual([true, true, true]);
  });

  it('must be one of those that are named, whole, when a browser says one', () => {
    const check = originCheck(['https://phone.test', 'http://localhost:8080']);
    for (const good of ['https://phone.test', 'HTTPS://Phone.Test', 'http://localhost:8080', undefined])
      expect([good, check(good)]).toEqual([good, true]);
    const bad = [
      'http://phone.test',
      'https://phone.test:444',
      'https://phone.test.evil.test',
      'https://evil.test',
      'null',
      '',
    ];
    for (const origin of bad) expect([origin, check(origin)]).toEqual([origin, false]);
  });
});
