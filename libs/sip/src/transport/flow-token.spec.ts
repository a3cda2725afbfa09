import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { flowTokens, type FlowReference } from './flow-token.js';
import { formatIp } from '../fields/ip-address.js';

const key = Buffer.alloc(32, 7);
const tokens = flowTokens(key, 0xdeadbeef);

const port = fc.integer({ min: 0, max: 65_535 });
const addresses = fc.constantFrom(4, 16).chain((length) => {
  const address = fc.uint8Array({ minLength: length, maxLength: length }).map(formatIp);
  return fc.tuple(address, address);
});
const flows: fc.Arbitrary<FlowReference> = fc
  .record({
    transport: fc.constantFrom('udp', 'tcp', 'tls', 'ws', 'wss'),
    listener: fc.integer({ min: 0, max: 255 }),
    addresses,
    localPort: port,
    remotePort: port,
    connectionId: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
  })
  .map(({ addresses: [localAddress, remoteAddress], connectionId, ...rest }) => ({
    ...rest,
    localAddress,
    remoteAddress,
    connectionId: rest.transport === 'udp' ? 0 : connectionId,
  }));

const udp: FlowReference = {
  transport: 'udp',
  listener: 0,
  localAddress: '192.0.2.1',
  localPort: 5060,
  remoteAddress: '198.51.100.7',
  remotePort: 40_000,
  connectionId: 0,
};
const tcp: FlowReference = { ...udp, transport: 'tcp', connectionId: 12_345 };

it('gives back what was encoded, in characters fit for a user part', () => {
  fc.assert(
    fc.property(flows, (flow) => {
      const token = tokens.encode(flow)!;
      expect(token).toMatch(/^[A-Za-z0-9_-]{10,88}$/);
      expect(tokens.decode(token)).toEqual(flow);
    }),
  );
});

it('is signed with HMAC-SHA-256 over all that it says', () => {
  const bytes = Buffer.from(tokens.encode(udp)!, 'base64url');
  expect(bytes.length).toBe(14 + 12);
  const body = bytes.subarray(0, 14);
  expect(bytes.subarray(14)).toEqual(createHmac('sha256', key).update(body).digest().subarray(0, 12));
  const long = randomBytes(100);
  const other = Buffer.from(flowTokens(long, 1).encode(udp)!, 'base64url');
  expect(other.subarray(14)).toEqual(createHmac('sha256', long).update(body).digest().subarray(0, 12));
});

it('refuses a token with any bit flipped, cut, extended or spelled otherwise', () => {
  for (const flow of [udp, tcp, { ...tcp, localAddress: '::1', remoteAddress: '2001:db8::7' }]) {
    const token = tokens.encode(flow)!;
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(tokens.decode(flipped.toString('base64url'))).toBeUndefined();
    }
    for (let at = 0; at < token.length; at++)
      for (let bit = 0; bit < 7; bit++) {
        const character = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit));
        expect(tokens.decode(token.slice(0, at) + character + token.slice(at + 1))).toBeUndefined();
      }
    for (let length = 0; length < token.length; length++)
      expect(tokens.decode(token.slice(0, length))).toBeUndefined();
    for (const more of ['A', '=', ' ', '\n', 'AAAA']) expect(tokens.decode(token + more)).toBeUndefined();
    expect(tokens.decode(token.replace(/-/g, '+').replace(/_/g, '/') + '=')).toBeUndefined();
  }
});

it('refuses noise, without throwing', () => {
  fc.assert(fc.property(fc.string({ maxLength: 120 }), (noise) => tokens.decode(noise) === undefined));
  const likely = fc.uint8Array({ minLength: 20, maxLength: 70 }).map((bytes) => {
    bytes[0] = 0x10 | (bytes[0]! & 15);
    return Buffer.from(bytes).toString('base64url');
  });
  fc.assert(
    fc.property(likely, (noise) => tokens.decode(noise) === undefined),
    { numRuns: 1_000 },
  );
  expect(tokens.decode('A'.repeat(100_000))).toBeUndefined();
});

it('of UDP outlives a restart; of a connection does not', () => {
  const restarted = flowTokens(key, 1);
  expect(restarted.decode(tokens.encode(udp)!)).toEqual(udp);
  expect(restarted.decode(tokens.encode(tcp)!)).toBeUndefined();
  expect(tokens.decode(tokens.encode(tcp)!)).toEqual(tcp);
});

it('of another key is none', () => {
  expect(flowTokens(randomBytes(32), 0xdeadbeef).decode(tokens.encode(udp)!)).toBeUndefined();
});

it('is not made of what is no flow', () => {
  expect(tokens.encode({ ...udp, remoteAddress: '::1' })).toBeUndefined();
  expect(tokens.encode({ ...udp, remoteAddress: 'phone.test' })).toBeUndefined();
  expect(tokens.encode({ ...udp, localPort: 70_000 })).toBeUndefined();
  expect(tokens.encode({ ...udp, listener: 256 })).toBeUndefined();
  expect(tokens.encode({ ...tcp, connectionId: 2 ** 48 })).toBeUndefined();
});

describe('of several processes on one port', () => {
  const [first, second] = [0, 3].map((worker) => flowTokens(key, 1 + worker, worker));

  it('tells whose connection it is, to all of them', () => {
    fc.assert(
      fc.property(flows, (flow) => {
        const token = second!.encode(flow)!;
        expect(token).toMatch(/^[A-Za-z0-9_-]{10,88}$/);
        for (const reader of [first, second]) expect(reader!.decode(token)).toEqual({ ...flow, worker: 3 });
        // The first one's are as those of a process alone.
        const old = first!.encode(flow)!;
        expect(old).toBe(flowTokens(key, 1).encode(flow));
        for (const reader of [first, second]) expect(reader!.decode(old)).toEqual(flow);
      }),
    );
  });

  it('knows none of its own connections of before', () => {
    const token = second!.encode(tcp)!;
    expect(flowTokens(key, 9, 3).decode(token)).toBeUndefined();
    expect(flowTokens(key, 9, 3).decode(second!.encode(udp)!)).toEqual({ ...udp, worker: 3 });
  });

  it('is signed with its number', () => {
    const bytes = Buffer.from(second!.encode(tcp)!, 'base64url');
    expect(bytes[2]).toBe(3);
    bytes[2] = 2;
    expect(first!.decode(bytes.toString('base64url'))).toBeUndefined();
  });
});
