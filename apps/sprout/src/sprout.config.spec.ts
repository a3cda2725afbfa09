// What a start is refused for, rather than a stack later.
import { ConfigError, loadConfig } from '#libs/runtime';
import { SproutConfig } from './sprout.config.js';

it('takes Homestead over http and https, which is what its client speaks', () => {
  const load = (url: string) => loadConfig(SproutConfig, { HOMESTEAD_URL: url }).homesteadUrl;
  expect(load('http://10.0.0.1:8888')).toBe('http://10.0.0.1:8888');
  expect(load('https://10.0.0.1:8888')).toBe('https://10.0.0.1:8888');
  expect(() => load('ftp://10.0.0.1:8888')).toThrow(ConfigError);
  expect(() => load('homestead')).toThrow(ConfigError);
});
