// What outlives a REGISTER keeps ten bytes of it, not all of it: V8 cuts strings without copying (libs/sip detached.ts).
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Flow, H, parseAuthorization, parseMessage } from '#libs/sip';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock } from '#libs/testkit';
import { claimedImpi } from './authenticate.js';
import { Challenges } from './challenges.js';
import { clientAddress } from './client-address.js';
import { DELAY_MAX_MS, FailureBrake } from './failure-brake.js';

const MESSAGE_BYTES = 60_000;
const MESSAGES = 200;
/** A tenth of what the messages are; what is kept of them by right is far less. */
const KEPT_BYTES_MAX = (MESSAGES * MESSAGE_BYTES) / 10;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const heapBytes = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

const nonceOf = (n: number): string => `nonce-of-more-than-thirteen-${n}`;
const impiOf = (n: number): string => `subscriber-${n}@ims.test`;

const registerOf = (n: number) => {
  const text =
    'REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/TCP bono:5058;branch=z9hG4bK1\r\n' +
    `Via: SIP/2.0/UDP 192.168.${n >> 8}.${n & 255};branch=z9hG4bK2\r\nTo: <sip:${impiOf(n)}>\r\n` +
    `From: <sip:alice@ims.test>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n` +
    `Authorization: Digest username="${impiOf(n)}",realm="ims.test",nonce="${nonceOf(n)}"\r\n` +
    `X-Long: ${'x'.repeat(MESSAGE_BYTES)}\r\nContent-Length: 0\r\n\r\n`;
  // In one piece, as it comes from a socket.
  const parsed = parseMessage(Buffer.from(text).toString('latin1'));
  if (!parsed.ok) throw new Error('bad request in the test');
  const flow: Pick<Flow, 'remoteAddress'> = { remoteAddress: '127.0.0.1' };
  const request = parsed.message;
  const credentials = parseAuthorization(request.header(H.Authorization)!)!;
  return { tx: { request, flow: flow as Flow }, credentials };
};

/** What the heap has grown by when this much is kept of many messages. */
const keptBytes = async (keep: (n: number) => unknown): Promise<number> => {
  const kept: unknown[] = [];
  const before = heapBytes();
  for (let n = 0; n < MESSAGES; n++) kept.push(await keep(n));
  const grown = heapBytes() - before;
  expect(kept).toHaveLength(MESSAGES);
  return grown;
};

it('can tell a slice from a copy', async () => {
  expect(await keptBytes((n) => registerOf(n).credentials.username)).toBeGreaterThan(KEPT_BYTES_MAX * 5);
});

it('keeps who and from where', async () => {
  const kept = await keptBytes((n) => {
    const { tx, credentials } = registerOf(n);
    return [claimedImpi(credentials, `sip:${impiOf(n)}`), clientAddress(tx)];
  });
  expect(kept).toBeLessThan(KEPT_BYTES_MAX);
});

it('keeps challenges that were answered', async () => {
  const clock = createFakeClock();
  const challenges = new Challenges(createMemoryKeyValueStore({ name: 'challenges', clock }));
  const nowMs = clock.nowMs();
  const kept = await keptBytes(async (n) => {
    const { tx, credentials } = registerOf(n);
    const impi = claimedImpi(credentials, '');
    await challenges.add(impi, nonceOf(n), nowMs, clientAddress(tx));
    expect(await challenges.accept(impi, credentials.nonce!, 1, nowMs + 60_000, nowMs)).toBe('accepted');
  });
  expect(kept).toBeLessThan(KEPT_BYTES_MAX);
});

it('keeps who failed, and from where, as it was told', async () => {
  const brake = new FailureBrake(createFakeClock());
  const kept = await keptBytes((n) => {
    const { credentials } = registerOf(n);
    const source = { impi: credentials.username!, address: credentials.nonce! };
    brake.failed(source, DELAY_MAX_MS, () => undefined);
  });
  expect(kept).toBeLessThan(KEPT_BYTES_MAX);
  expect(brake.sizes.sources).toBe(3 * MESSAGES);
});
