import { flowTokens } from '#libs/sip';
import { flowOrigin } from './flow-words.js';

const tokens = flowTokens(Buffer.alloc(32, 1), 7);
const origin = (transport: 'udp' | 'tcp' | 'ws', localAddress: string, remoteAddress: string) =>
  flowOrigin(
    tokens.encode({ transport, listener: 0, localAddress, localPort: 5060, remoteAddress, remotePort: 40000, connectionId: transport === 'udp' ? 0 : 9 }) ?? '',
  ); // prettier-ignore

describe('the origin of a flow', () => {
  it.each([
    ['udp', '127.0.0.1', '10.0.0.5', 'udp 10.0.0.5:40000'],
    ['tcp', '127.0.0.1', '10.0.0.5', 'tcp 10.0.0.5:40000'],
    ['ws', '::1', '2001:db8::7', 'ws [2001:db8::7]:40000'],
    ['udp', '::1', '::1', 'udp [::1]:40000'],
    ['udp', '::1', 'fe80::', 'udp [fe80::]:40000'],
    ['tcp', '::1', '2001:0:0:1:2:3:4:5', 'tcp [2001::1:2:3:4:5]:40000'],
  ] as const)('%s %s %s', (transport, local, remote, words) => {
    expect(origin(transport, local, remote)).toBe(words);
  });

  it('is not told of other tokens', () => {
    for (const token of ['', 'Zm9v', 'x'.repeat(101), 'A'.repeat(60), '\u0000']) expect(flowOrigin(token)).toBe(undefined);
  }); // prettier-ignore
});
