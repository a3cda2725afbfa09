// Configuration: strict conversion, limits, precedence of the environment over the file, one line a fault.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ProcessConfig } from './process.config.js';
import { ConfigError, configTable, Env, type Environment, loadConfig } from './config.js';

const load = (env: Environment) => loadConfig(ProcessConfig, env);
const faultOf = (env: Environment): ConfigError => {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('was accepted');
};

class Typed {
  @Env('T_FLAG', 'a switch') flag = false;
  @Env('T_RATIO', 'a share, 0 to 1', { kind: 'number' }) ratio = 0.5;
  @Env('T_LIST', 'names') list: string[] = ['a'];
  @Env('T_MAYBE', 'may be absent', { kind: 'integer' }) maybe: number | undefined = undefined;
}

describe('configuration', () => {
  it('has the documented defaults', () => {
    expect(load({})).toMatchObject({
      homeDomain: 'ims.test',
      bindAddress: '127.0.0.1',
      dataDir: './data',
      managementPort: 9886,
      apiKeys: undefined,
      trustedPeers: [],
      logLevel: 'info',
    });
  });

  it('converts by kind', () => {
    const typed = loadConfig(Typed, { T_FLAG: '1', T_RATIO: '0.25', T_LIST: ' x, y ,', T_MAYBE: '-3' });
    expect({ ...typed }).toEqual({ flag: true, ratio: 0.25, list: ['x', 'y'], maybe: -3 });
    expect(loadConfig(Typed, { T_LIST: '' }).list).toEqual([]);
    for (const text of [',', ' , ,'])
      expect(() => loadConfig(Typed, { T_LIST: text })).toThrow('a comma-separated list');
  });

  it.each([
    ['T_FLAG', 'yes'],
    ['T_FLAG', ''],
    ['T_MAYBE', '5060x'],
    ['T_MAYBE', '1e3'],
    ['T_MAYBE', '0x10'],
    ['T_MAYBE', ''],
    ['T_RATIO', 'NaN'],
  ])('refuses %s=%j', (name, value) => {
    expect(() => loadConfig(Typed, { [name]: value })).toThrow(
      new RegExp(`^${name} .*takes .*; got ${JSON.stringify(value)}$`),
    );
  });

  it.each([
    ['BIND_ADDRESS', 'localhost', 'takes an IP address'],
    ['MANAGEMENT_PORT', '65536', 'takes a port'],
    ['MANAGEMENT_PORT', '-1', 'takes a port'],
    ['TRUSTED_PEERS', '10.0.0.0/33', 'takes IP addresses and networks'],
    ['LOG_LEVEL', 'loud', 'takes one of fatal, error'],
    ['HOME_DOMAIN', 'ims test', 'takes a domain name'],
    ['PUBLIC_HOST', 'a b', 'takes a host name'],
  ])('names %s, what it takes and what it got', (name, value, takes) => {
    const fault = faultOf({ [name]: value });
    expect(fault.variable).toBe(name);
    expect(fault.message).toContain(takes);
    expect(fault.message).toContain(JSON.stringify(value));
    expect(fault.message).not.toContain('\n');
  });

  it('does not repeat a secret', () => {
    expect(faultOf({ API_KEYS: 'short-secret' }).message).not.toContain('short-secret');
  });

  it('tells an unset API_KEYS from an empty one', () => {
    expect(load({}).apiKeys).toBeUndefined();
    expect(load({ API_KEYS: '' }).apiKeys).toEqual([]);
  });

  it('reads the file, and lets the environment win', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'config-'));
    try {
      const dotenvFile = path.join(folder, '.env');
      writeFileSync(dotenvFile, 'HOME_DOMAIN=file.test\nMANAGEMENT_PORT=1111 # comment\n');
      const config = loadConfig(ProcessConfig, { HOME_DOMAIN: 'env.test' }, { dotenvFile });
      expect(config).toMatchObject({ homeDomain: 'env.test', managementPort: 1111 });
      expect(loadConfig(ProcessConfig, {}, { dotenvFile: `${dotenvFile}.absent` }).homeDomain).toBe(
        'ims.test',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("takes an app's own defaults under the environment", () => {
    const defaults = { managementPort: 8886 };
    expect(loadConfig(ProcessConfig, {}, { defaults }).managementPort).toBe(8886);
    expect(loadConfig(ProcessConfig, { MANAGEMENT_PORT: '1' }, { defaults }).managementPort).toBe(1);
  });

  it('writes its own table', () => {
    expect(configTable([Typed])).toBe(
      [
        '| variable | default | what it is |',
        '|---|---|---|',
        '| `T_FLAG` | `0` | a switch |',
        '| `T_RATIO` | `0.5` | a share, 0 to 1 |',
        '| `T_LIST` | `a` | names |',
        '| `T_MAYBE` | – | may be absent |',
        '',
      ].join('\n'),
    );
  });
});
