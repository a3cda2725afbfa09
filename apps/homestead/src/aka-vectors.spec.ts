// AKA vectors in local mode: each under a number of its own, whoever asks at the same time, and on from a phone that counted further.
import { readAkaNonce, Usim, type UsimAnswer } from '#libs/aka';
import type { AkaVector } from '#libs/homestead-client';
import { type AkaCredential, createMemoryCredentialStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { type AkaPorts, nextAkaVector, SEQUENCE_TRIES_MAX } from './aka-vectors.js';

const SIM: AkaCredential = {
  kind: 'aka',
  impi: 'alice@ims.test',
  realm: 'ims.test',
  k: '0'.repeat(32),
  opc: '1'.repeat(32),
  amf: '8000',
  sqn: 0,
};
const SECRETS = { k: Buffer.from(SIM.k, 'hex'), opc: Buffer.from(SIM.opc, 'hex') };
const WANTED = { credentialVersion: 'v1', version: 1, resync: undefined } as const;

let ports: AkaPorts;
beforeEach(() => {
  const credentials = createMemoryCredentialStore({ clock: createFakeClock() });
  ports = { credentials, random: createSeededRandom(1) };
});

const taken = (usim: Usim, vector: AkaVector | undefined): UsimAnswer => {
  const { rand, autn } = readAkaNonce(vector!.challenge)!;
  return usim.challenge(rand, autn);
};

it('are taken by the SIM one after the other, with what it answers', async () => {
  const usim = new Usim(SECRETS);
  for (let n = 0; n < 40; n++) {
    const vector = await nextAkaVector(ports, SIM, WANTED);
    const said = taken(usim, vector);
    if (said.kind !== 'answer') throw new Error(said.kind);
    expect([vector?.response, vector?.cryptkey, vector?.integritykey]).toEqual(
      [said.res, said.ck, said.ik].map((part) => part.toString('hex')),
    );
  }
});

it('never have the same number, though many are asked for at once', async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => nextAkaVector(ports, SIM, WANTED)));
  const usim = new Usim(SECRETS);
  // In any order: the array of counters is for that.
  expect(all.reverse().map((vector) => taken(usim, vector).kind)).toEqual(Array<string>(10).fill('answer'));
});

it('go on from the count of a phone that lost ours, and not from what somebody made up', async () => {
  const usim = new Usim(SECRETS, 1_000 * 32);
  const first = await nextAkaVector(ports, SIM, WANTED);
  const said = taken(usim, first);
  if (said.kind !== 'resynchronise') throw new Error(said.kind);
  const { rand } = readAkaNonce(first!.challenge)!;
  const madeUp = Buffer.concat([rand, Buffer.alloc(14)]);
  expect(taken(usim, await nextAkaVector(ports, SIM, { ...WANTED, resync: madeUp })).kind).toBe(
    'resynchronise',
  );
  const resync = Buffer.concat([rand, said.auts]);
  expect(taken(usim, await nextAkaVector(ports, SIM, { ...WANTED, resync })).kind).toBe('answer');
  expect(await ports.credentials.sequence('v1')).toBeGreaterThan(1_000 * 32);
});

it('are none where the number cannot be written', async () => {
  let tries = 0;
  const credentials = {
    sequence: () => Promise.resolve(1),
    advanceSequence: () => (tries++, Promise.resolve(false)),
  };
  expect(await nextAkaVector({ ...ports, credentials }, SIM, WANTED)).toBeUndefined();
  expect(tries).toBe(SEQUENCE_TRIES_MAX);
});
