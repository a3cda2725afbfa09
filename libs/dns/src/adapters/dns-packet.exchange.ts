// One question to one DNS server: over UDP with EDNS, over TCP where the reply was cut off (RFC 1035 §4.2, RFC 7766), once more
// without EDNS where the server does not know it (RFC 6891 §7). A socket a question: the kernel picks its port at random
// and takes replies of that server only, which with a random id is what keeps others from answering (RFC 5452).
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Clock, Random } from '#libs/runtime';
import { type DnsExchange, type DnsServer, DnsUnavailable } from '../dns.port.js';
import { encodeQuestion, type Question, type Read, readMessage } from './dns-message.js';

const TCP_BYTES_MAX = 65_535;

export const createDnsExchange = ({
  clock,
  random,
}: Readonly<{ clock: Clock; random: Random }>): DnsExchange => ({
  async ask(server, name, type, timeoutMs) {
    const question = { id: random.bytes(2).readUInt16BE(), name, type };
    const untilMs = clock.monotonicMs() + timeoutMs;
    const leftMs = (): number => Math.max(1, untilMs - clock.monotonicMs());
    let read = await askByUdp(clock, server, question, true, leftMs());
    if (read === 'no-edns') read = await askByUdp(clock, server, question, false, leftMs());
    if (read === 'cut') read = await askByTcp(clock, server, question, leftMs());
    if (typeof read === 'string') throw new DnsUnavailable(`${server.address}: unusable reply`);
    return read;
  },
});

const askByUdp = (
  clock: Clock,
  { address, port }: DnsServer,
  question: Question,
  edns: boolean,
  timeoutMs: number,
): Promise<Read> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const end = (settle: () => void): void => {
      cancel();
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      settle();
    };
    const fail = (what: string): void => end(() => reject(new DnsUnavailable(`${address}: ${what}`)));
    const cancel = clock.after(timeoutMs, () => fail('no reply in time'));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'socket error'));
    socket.on('message', (datagram) => {
      const read = readMessage(datagram, question);
      if (read instanceof DnsUnavailable) fail(read.message);
      else if (read !== 'other') end(() => resolve(read));
    });
    socket.connect(port, address, () => socket.send(encodeQuestion(question, edns)));
  });

const askByTcp = (
  clock: Clock,
  { address, port }: DnsServer,
  question: Question,
  timeoutMs: number,
): Promise<Read> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    let heard = Buffer.alloc(0);
    const end = (settle: () => void): void => {
      cancel();
      socket.destroy();
      settle();
    };
    const fail = (what: string): void => end(() => reject(new DnsUnavailable(`${address}: ${what}`)));
    const cancel = clock.after(timeoutMs, () => fail('no reply in time'));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'socket error'));
    socket.on('close', () => fail('closed without a reply'));
    socket.on('connect', () => {
      const message = encodeQuestion(question, true);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.length > TCP_BYTES_MAX + 2) return fail('too long a reply');
      if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE()) return;
      const read = readMessage(heard.subarray(2, 2 + heard.readUInt16BE()), question);
      if (read instanceof DnsUnavailable) fail(read.message);
      else end(() => resolve(read));
    });
  });
