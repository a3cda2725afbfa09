// A DNS server on loopback for tests: answers over UDP and TCP from a function, and can be made to misbehave.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type Answer, decode, encode, type Packet, streamEncode } from 'dns-packet';

export type Asked = Readonly<{ name: string; type: string; over: 'udp' | 'tcp'; edns: boolean }>;
export type Say = (
  asked: Asked,
) => Answer[] | { rcode: number; authorities?: Answer[] } | 'silence' | 'cut' | 'noise';

const REPLY_FLAGS = 0x0180;
const CUT_FLAG = 0x0200;
const NXDOMAIN = 3;

const PORTS_TRIED_MAX = 20;

/** One port number for both. What is free for TCP may be another's on UDP: then another one is tried. */
const listenOnBoth = async (tcp: Server): Promise<Readonly<{ udp: Socket; port: number }>> => {
  for (let tried = 0; tried < PORTS_TRIED_MAX; tried++) {
    await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(0, '127.0.0.1', resolve));
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    const isTaken = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(true)).bind(port, '127.0.0.1', () => resolve(false));
    });
    if (!isTaken) return { udp, port };
    udp.close();
    await new Promise((resolve) => tcp.close(resolve));
  }
  throw new Error(`no port is free on UDP and TCP, ${PORTS_TRIED_MAX} tried`);
};

export const startDnsServer = async (say: Say) => {
  const asked: Asked[] = [];
  const reply = (bytes: Buffer, over: 'udp' | 'tcp'): Packet | 'noise' | undefined => {
    const query = decode(bytes);
    const [question] = query.questions!;
    const edns = (query.additionals ?? []).some(({ type }) => type === 'OPT');
    const one = { name: question!.name, type: question!.type, over, edns };
    asked.push(one);
    const said = say(one);
    if (said === 'silence') return undefined;
    if (said === 'noise') return said;
    const packet: Packet = { type: 'response', id: query.id, flags: REPLY_FLAGS, questions: [question!] };
    if (said === 'cut') return { ...packet, flags: REPLY_FLAGS | CUT_FLAG };
    if (Array.isArray(said)) return { ...packet, answers: said };
    return { ...packet, flags: REPLY_FLAGS | said.rcode, authorities: said.authorities ?? [] };
  };
  const onDatagram = (udp: Socket, bytes: Buffer, { port, address }: RemoteInfo): void => {
    const packet = reply(bytes, 'udp');
    if (packet === 'noise') udp.send(Buffer.from('no DNS at all'), port, address);
    else if (packet) udp.send(encode(packet), port, address);
  };
  const tcp = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const packet = reply(bytes.subarray(2), 'tcp');
      if (packet === 'noise') socket.end('nonsense');
      else if (packet) {
        const whole = streamEncode(packet);
        // In two pieces, as a network may bring it.
        socket.write(whole.subarray(0, 5), () => socket.end(whole.subarray(5)));
      }
    });
  });
  const { udp, port } = await listenOnBoth(tcp);
  udp.on('message', (bytes, from) => onDatagram(udp, bytes, from));
  return {
    server: { address: '127.0.0.1', port },
    asked,
    close: async () => {
      udp.close();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
};

export const nothingHere = (minimum: number) => ({
  rcode: NXDOMAIN,
  authorities: [
    {
      type: 'SOA',
      name: 'test',
      ttl: 3600,
      data: { mname: 'ns.test', rname: 'root.test', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
    } as Answer,
  ],
});
