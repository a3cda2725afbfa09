// End-to-end tests: the built product, real sockets, SIPp. One after the other; the rest of the configuration is package.json's.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const rootDir = path.resolve(import.meta.dirname, '..');
const { jest } = JSON.parse(readFileSync(path.join(rootDir, 'package.json'), 'utf8'));

export default {
  ...jest,
  rootDir,
  roots: ['<rootDir>/apps', '<rootDir>/bench'],
  testMatch: ['**/*.e2e.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  // A test that fails may leave a phone's socket open: that must not keep the run from ending.
  forceExit: true,
};
