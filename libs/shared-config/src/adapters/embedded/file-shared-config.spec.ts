import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFakeClock } from '#libs/testkit';
import { sharedConfigContract } from '../../../contract/shared-config.contract.js';
import { type ConfigChange, ConfigUnavailable, type SharedConfig } from '../../shared-config.port.js';
import { createFileSharedConfig, LOOK_MS } from './file-shared-config.js';

const clock = createFakeClock();
const folder = mkdtempSync(path.join(tmpdir(), 'shared-config-'));
const opened: SharedConfig[] = [];
let files = 0;
let file = '';
afterAll(async () => {
  await Promise.all(opened.map((config) => config.close()));
  rmSync(folder, { recursive: true });
});

const open = (): SharedConfig => {
  const config = createFileSharedConfig({ file, clock });
  opened.push(config);
  return config;
};

sharedConfigContract('a file', {
  create() {
    file = path.join(folder, `${(files += 1)}.json`);
    return open();
  },
  // Members are those of one process.
  another: (config) => config,
  settle: () => Promise.resolve(void clock.advance(LOOK_MS)),
});

describe('the file', () => {
  it('outlives the process, and is read by another', async () => {
    file = path.join(folder, 'kept.json');
    await open().set('a', '1', { by: 'ann' });
    const told: ConfigChange[] = [];
    await open().watch((change) => void told.push(change));
    await open().set('a', '2', { by: 'bob' });
    clock.advance(LOOK_MS);
    expect(told.map(({ value, by }) => [value, by])).toEqual([['2', 'bob']]);
  });

  it('is not taken for empty when it is damaged; who watches keeps what it knew', async () => {
    file = path.join(folder, 'damaged.json');
    const config = open();
    await config.set('a', '1', { by: 'ann' });
    const told: ConfigChange[] = [];
    await config.watch((change) => void told.push(change));
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.slice(0, 20));
    await expect(config.get('a')).rejects.toBeInstanceOf(ConfigUnavailable);
    await expect(config.set('a', '2', { by: 'ann' })).rejects.toBeInstanceOf(ConfigUnavailable);
    clock.advance(LOOK_MS);
    writeFileSync(file, whole);
    clock.advance(LOOK_MS);
    expect(told).toEqual([]);
  });
});
