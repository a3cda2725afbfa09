import { NO_REGISTRATION, evolveRegistration, type Registration, type RegistrationEvent } from '#libs/domain';
import { openEnvelope, sealEnvelope } from '#libs/stores';
import { registrationCodec } from '#projections/registrations-by-aor';
import { encodeStored } from '../stored-value.js';
import { startSimulation } from '../proxy/simulation.fixture.js';
import { rowMerge } from './row-merge.js';

const KEY = 'registrations-by-aor.g1:sip:alice@ims.test';

const added = (bindingId: string): RegistrationEvent => ({
  type: 'BindingAdded',
  data: {
    bindingId,
    contact: `sip:${bindingId}`,
    params: '',
    q: 1,
    callId: 'c',
    cseq: 1,
    expiresAtMs: 9e12,
    grantedS: 300,
    path: [],
    impi: 'alice@ims.test',
    impu: 'sip:alice@ims.test',
    identities: [],
  },
});
const rowOf = (...bindings: readonly (readonly [offset: number, id: string])[]): Registration =>
  bindings.reduce(
    (row, [offset, id]) =>
      evolveRegistration(row, {
        event: added(id),
        stream: 'registration-sip:alice@ims.test',
        position: { generation: 1, partition: 0, offset },
      }),
    NO_REGISTRATION,
  );
const valueOf = (row: Registration, expiresAtMs = 10): Buffer =>
  Buffer.from(sealEnvelope({ expiresAtMs, text: registrationCodec.encode(row) }));
const bindingsIn = (value: Buffer | undefined): readonly string[] =>
  Object.keys(registrationCodec.decode(openEnvelope(String(value))?.text ?? '{"entries":{}}').entries).sort();

describe('rows', () => {
  it('of two places hold the bindings of both, as long as either', () => {
    const merged = rowMerge.merge(valueOf(rowOf([2, 'b']), 7), valueOf(rowOf([1, 'a']), 9));
    expect(bindingsIn(merged)).toEqual(['a', 'b']);
    expect(openEnvelope(String(merged))?.expiresAtMs).toBe(9);
  });

  it('are told from what is none', () => {
    expect(rowMerge.isMerged(KEY)).toBe(true);
    for (const key of ['registrations-by-aor.g1:!17', 'checkpoints.g1:registrations-by-aor', 'impi:alice'])
      expect(rowMerge.isMerged(key)).toBe(false);
    for (const text of ['', 'r9 {', 'r9 null', 'r9 {"a":1}', 'x'])
      expect(rowMerge.merge(Buffer.from(text), valueOf(rowOf([1, 'a'])))).toBeUndefined();
  });
});

describe('Rogers', () => {
  it('merges a row that is set without having been read, and one that its servers have made apart', async () => {
    const cluster = await startSimulation({ seed: 7, servers: 2, merge: rowMerge });
    const set = (rogers: number, row: Registration) =>
      cluster.run(cluster.set(rogers, KEY, valueOf(row).toString()));
    const read = async (rogers: number) => {
      const found = await cluster.run(cluster.get(rogers, KEY));
      return bindingsIn(found !== undefined && 'value' in found ? found.value : undefined);
    };
    await set(0, rowOf([1, 'a']));
    await set(1, rowOf([2, 'b']));
    expect(await read(0)).toEqual(['a', 'b']);

    // Made in two places at once, neither from the other.
    const [one, other] = cluster.memories;
    const apart = (version: number, row: Registration): Buffer =>
      encodeStored({ version, base: 1, flags: 0, isDeleted: false, value: valueOf(row) });
    one!.set(KEY, apart(2 ** 52, rowOf([3, 'c'])), 0);
    other!.set(KEY, apart(2 ** 52 + 1, rowOf([4, 'd'])), 0);
    expect(await read(0)).toEqual(['c', 'd']);
    expect(one!.get(KEY)?.raw).toEqual(other!.get(KEY)?.raw);
    expect(cluster.counts[0]!.merges.n).toBe(1);
    await cluster.stop();
  });
});
