import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import { openEdgeIdentity } from './edge-identity.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'edge-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = createFakeClock(performance.timeOrigin);
const open = (settings: { publicHost?: string; bindAddress?: string; cert?: string; key?: string } = {}) =>
  openEdgeIdentity({
    process: {
      homeDomain: 'ims.example.com',
      bindAddress: settings.bindAddress ?? '127.0.0.1',
      publicHost: settings.publicHost ?? '',
      dataDir: folder,
    },
    config: {
      tlsCertFile: settings.cert ?? '',
      tlsKeyFile: settings.key ?? '',
      trunksFile: '',
      trunkCaFile: '',
    },
    clock,
    logger: silentLogger,
  });

const namesOf = async (settings: Parameters<typeof open>[0]) => {
  const { tls, close } = await open(settings);
  close();
  return tls && new X509Certificate(tls.identity.current.cert).subjectAltName;
};

it('is nobody on loopback, so that nothing more listens', async () => {
  for (const publicHost of ['', '127.0.0.1', 'localhost', '[::1]'])
    expect((await open({ publicHost })).tls).toBeUndefined();
});

it('makes a certificate for itself beyond loopback, of the names that clients use', async () => {
  // One that has more names than are wanted is kept: the shortest list comes first.
  expect(await namesOf({ bindAddress: '0.0.0.0' })).toBe('DNS:ims.example.com');
  expect(await namesOf({ publicHost: 'edge.example.com' })).toBe('DNS:edge.example.com, DNS:ims.example.com');
  expect(await namesOf({ publicHost: '[2001:db8::1]' })).toMatch(/^IP Address:2001:DB8:0:0:0:0:0:1, DNS/i);
  expect(await namesOf({ bindAddress: '192.0.2.1' })).toBe('IP Address:192.0.2.1, DNS:ims.example.com');
});

it('is who the files say, on loopback too', async () => {
  const made = await open({ publicHost: 'edge.example.com' });
  const [cert, key] = [path.join(folder, 'a.crt'), path.join(folder, 'a.key')];
  writeFileSync(cert, made.tls!.identity.current.cert);
  writeFileSync(key, made.tls!.identity.current.key);
  const { tls, close } = await open({ cert, key });
  expect(tls!.identity.current).toEqual(made.tls!.identity.current);
  expect(clock.pending).toBe(1);
  close();
  expect(clock.pending).toBe(0);
});

it('refuses the start when the files are of no use, and names the variables', async () => {
  await expect(open({ cert: '/nowhere' })).rejects.toThrow('TLS_CERT_FILE and TLS_KEY_FILE belong together');
  await expect(open({ cert: '/nowhere', key: '/nowhere' })).rejects.toThrow(
    /TLS_CERT_FILE \/nowhere.*ENOENT/,
  );
});
