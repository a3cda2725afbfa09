// Certificates on disk: replaced while the process runs, and made by itself where there is none.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CERTIFICATE_CHECK_MS, openCertificateFiles, type TlsPair } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import { edgePair, strangerPair } from '../contract/certificates.js';
import { openSelfMadeCertificate } from './self-made-certificate.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'tls-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = ({ cert, key }: TlsPair) => {
  writeFileSync(path.join(folder, 'edge.crt'), cert);
  writeFileSync(path.join(folder, 'edge.key'), key);
};

const open = async () => {
  const clock = createFakeClock();
  const lines: string[] = [];
  const told = (_fields: object, message: string) => void lines.push(message);
  const log = { debug: told, warn: told, error: told };
  const files = await openCertificateFiles({
    certFile: path.join(folder, 'edge.crt'),
    keyFile: path.join(folder, 'edge.key'),
    clock,
    log,
  });
  const seen: TlsPair[] = [];
  files.identity.onChange((pair) => seen.push(pair));
  return { clock, files, lines, seen };
};

describe('files of a certificate', () => {
  it('are looked at again, and taken when they are a new pair', async () => {
    put(edgePair);
    const { files, seen } = await open();
    await files.check();
    expect(seen).toEqual([]);
    put(strangerPair);
    await files.check();
    expect(seen).toEqual([strangerPair]);
    expect(files.identity.current).toEqual(strangerPair);
    files.close();
  });

  it('that are no pair change nothing, which is said once', async () => {
    put(edgePair);
    const { files, seen, lines } = await open();
    put({ key: edgePair.key, cert: strangerPair.cert });
    await files.check();
    await files.check();
    rmSync(path.join(folder, 'edge.key'));
    await files.check();
    expect(seen).toEqual([]);
    expect(files.identity.current).toEqual(edgePair);
    expect(lines).toHaveLength(2);
    put(strangerPair);
    await files.check();
    expect(files.identity.current).toEqual(strangerPair);
    files.close();
  });

  it('are looked at by the clock, until closed', async () => {
    put(edgePair);
    const { clock, files, seen } = await open();
    put(strangerPair);
    const changed = new Promise<void>((resolve) => void files.identity.onChange(() => resolve()));
    clock.advance(CERTIFICATE_CHECK_MS);
    await changed;
    expect(seen).toEqual([strangerPair]);
    files.close();
    expect(clock.pending).toBe(0);
  });

  it('stop a start when they are not there, or are no pair', async () => {
    await expect(open()).rejects.toThrow('ENOENT');
    put({ key: edgePair.key, cert: strangerPair.cert });
    await expect(open()).rejects.toThrow();
  });
});

describe('a self-made certificate', () => {
  const names = ['edge.example.com', '192.0.2.1', '2001:db8::1'];
  const make = (wanted = names, atMs = 1_800_000_000_000) =>
    openSelfMadeCertificate(folder, wanted, createFakeClock(atMs));

  it('is kept, for its owner alone, and is the same after a restart', async () => {
    const first = await make();
    expect(first.made).toBe(true);
    expect(statSync(path.join(folder, 'self-made.key')).mode & 0o777).toBe(0o600);
    const second = await make();
    expect(second.made).toBe(false);
    expect(second.identity.current).toEqual(first.identity.current);
  });

  it('is made anew for other names, before it ends, and when it is damaged', async () => {
    const first = await make();
    expect((await make([...names, 'other.test'])).made).toBe(true);
    expect((await make([...names, 'other.test'])).made).toBe(false);
    const aYearOn = 1_800_000_000_000 + 368 * 86_400_000;
    expect((await make(names, aYearOn)).made).toBe(true);
    writeFileSync(first.certFile, 'damaged');
    const mended = await make(names, aYearOn);
    expect(mended.made).toBe(true);
    expect(readFileSync(first.certFile, 'utf8')).toBe(mended.identity.current.cert);
  });
});
