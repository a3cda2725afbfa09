// Key files on a real disk: made once, private, whole; refused when they are open to others.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  loadKeyFile,
  makePrivateFile,
  makePrivateFolder,
  readPrivateFile,
  replacePrivateFile,
} from './private-file.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'private-'));
  file = path.join(folder, 'data', 'some.key');
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (): number => statSync(file).mode & 0o777;

describe('a key file', () => {
  it('is made at the first start and read at the next', () => {
    const key = loadKeyFile(file, 'KEY');
    expect(key).toHaveLength(32);
    expect(modeOf()).toBe(0o600);
    expect(loadKeyFile(file, 'KEY')).toEqual(key);
    expect(readdirSync(path.dirname(file))).toEqual(['some.key']);
  });

  it('is refused when others may read it, and when it holds no key', () => {
    loadKeyFile(file, 'KEY');
    chmodSync(file, 0o644);
    expect(() => loadKeyFile(file, 'KEY')).toThrow(/^KEY .*mode 644\): chmod 600/);
    chmodSync(file, 0o640);
    expect(() => loadKeyFile(file, 'KEY')).not.toThrow();
    writeFileSync(file, 'short');
    expect(() => loadKeyFile(file, 'KEY')).toThrow(/5 bytes/);
  });

  it('may be 64 hexadecimal digits', () => {
    makePrivateFile(file, `${'0a'.repeat(32)}\n`);
    expect(loadKeyFile(file, 'KEY')).toEqual(Buffer.alloc(32, 10));
  });
});

describe('a private folder', () => {
  it('is made with those above it, for its owner alone', () => {
    const deep = path.join(folder, 'a', 'b');
    makePrivateFolder(deep);
    makePrivateFolder(deep);
    for (const one of [deep, path.dirname(deep)]) expect(statSync(one).mode & 0o777).toBe(0o700);
  });

  it('is refused at once where none can be', () => {
    writeFileSync(path.join(folder, 'file'), '');
    expect(() => makePrivateFolder(path.join(folder, 'file', 'below'))).toThrow(/ENOTDIR/);
    if (process.platform === 'linux')
      expect(() => makePrivateFolder('/proc/no-such-folder/a')).toThrow(/ENOENT/);
  });
});

describe('a private file', () => {
  it('is not made over another one', () => {
    expect(readPrivateFile(file)).toBeUndefined();
    expect(makePrivateFile(file, 'first')).toBe(true);
    expect(makePrivateFile(file, 'second')).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('first');
    expect(readdirSync(path.dirname(file))).toEqual(['some.key']);
  });

  it('is replaced as a whole, and private whatever was there', () => {
    makePrivateFile(file, 'first');
    chmodSync(file, 0o644);
    replacePrivateFile(file, 'second');
    expect([readFileSync(file, 'utf8'), modeOf()]).toEqual(['second', 0o600]);
  });
});
