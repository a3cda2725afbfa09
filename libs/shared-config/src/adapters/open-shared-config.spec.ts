// What is shared is remembered for a start without etcd: also by a program that keeps nothing else in its DATA_DIR.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFakeClock } from '#libs/testkit';
import { ConfigUnavailable } from '../shared-config.port.js';
import { createFileSharedConfig } from './embedded/file-shared-config.js';
import { readShared } from './open-shared-config.js';

const folder = mkdtempSync(path.join(tmpdir(), 'open-shared-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('is kept in a DATA_DIR that nobody has made, and holds when the source is away', async () => {
  const shared = createFileSharedConfig({ file: path.join(folder, 'shared.json'), clock: createFakeClock() });
  const dataDir = path.join(folder, 'data');
  expect(await readShared(shared, dataDir)).toEqual({ values: {} });
  expect(existsSync(dataDir)).toBe(false);
  await shared.set('LOG_LEVEL', 'debug', { by: 'ann' });
  expect(await readShared(shared, dataDir)).toEqual({ values: { LOG_LEVEL: 'debug' } });
  const away = { ...shared, list: () => Promise.reject(new ConfigUnavailable('away')) };
  expect(await readShared(away as never, dataDir)).toEqual({
    values: { LOG_LEVEL: 'debug' },
    staleReason: 'away',
  });
});
