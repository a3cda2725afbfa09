// AKA in the password's place (RFC 3310, RFC 4169), with what a SIM makes of the test sets.
import { createHmac, hash } from 'node:crypto';
import { akaHa1, akaNonce, akaPassword, akaSessionKeys, akaVersionOf, readAkaNonce } from './digest-aka.js';
import { vectorOf } from './milenage.js';
import { sqnOf } from './sequence-number.js';
import { TEST_SETS } from './ts-35-208.fixture.js';
import { Usim } from './usim.js';

const { k, opc, rand, sqn, amf, f2, f3, f4, f1 } = TEST_SETS[0]!;
const secrets = { k, opc };
const keys = { ck: f3, ik: f4 };

it('carries RAND and AUTN in the nonce, whatever a server puts behind them', () => {
  const autn = Buffer.alloc(16, 7);
  expect(readAkaNonce(akaNonce(rand, autn))).toEqual({ rand, autn });
  const longer = Buffer.concat([rand, autn, Buffer.from('server data')]).toString('base64');
  expect(readAkaNonce(longer)).toEqual({ rand, autn });
  for (const bad of ['', '***', Buffer.alloc(31).toString('base64')])
    expect(readAkaNonce(bad)).toBeUndefined();
});

it('knows both versions in any spelling, and nothing else', () => {
  expect(['AKAv1-MD5', 'akaV2-md5', 'AKAv3-MD5', 'MD5', undefined, 'AKAv1-SHA'].map(akaVersionOf)).toEqual([
    1,
    2,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it('takes RES itself in version 1, and what binds RES and both keys in version 2', () => {
  expect(akaPassword(1, f2, keys)).toEqual(f2);
  const prf = createHmac('md5', Buffer.concat([f2, f4, f3]))
    .update('http-digest-akav2-password')
    .digest('base64');
  expect(akaPassword(2, f2, keys).toString()).toBe(prf);
  expect(akaPassword(2, f2, { ck: f4, ik: f3 }).toString()).not.toBe(prf);
});

it('shows the keys themselves in version 1 only', () => {
  expect(akaSessionKeys(1, keys)).toEqual(keys);
  const masked = akaSessionKeys(2, keys);
  expect(masked.ck.equals(f3) || masked.ik.equals(f4)).toBe(false);
  expect(masked.ck).toHaveLength(16);
});

it('hashes a password of bytes as bytes', () => {
  const bytes = Buffer.from([0xff, 0x00, 0x80]);
  expect(akaHa1('u', 'r', bytes)).toBe(hash('md5', Buffer.concat([Buffer.from('u:r:'), bytes])));
  expect(akaHa1('u', 'r', Buffer.alloc(0))).toBe(hash('md5', 'u:r:'));
});

describe('a SIM', () => {
  const { autn } = vectorOf(secrets, rand, sqnOf(sqn), amf);

  it('answers a challenge once, then says how far it has counted', () => {
    const usim = new Usim(secrets, sqnOf(sqn) - 32);
    expect(usim.challenge(rand, autn)).toEqual({ kind: 'answer', res: f2, ck: f3, ik: f4 });
    expect(usim.challenge(rand, autn).kind).toBe('resynchronise');
  });

  it('does not answer who does not have its key', () => {
    expect(autn.subarray(8)).toEqual(f1);
    const forged = Buffer.concat([autn.subarray(0, 15), Buffer.from([autn[15]! ^ 1])]);
    expect(new Usim(secrets).challenge(rand, forged)).toEqual({ kind: 'not-ours' });
  });
});
