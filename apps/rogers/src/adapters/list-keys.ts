// All keys of a memcached server, by `lru_crawler metadump` on a connection of its own: it takes as long as it takes, and answers nothing else
// meanwhile. Used by memcached-server.ts.
import { connect } from 'node:net';
import type { Clock } from '#libs/runtime';
import { ServerUnavailable } from '../cache-server.port.js';

/** Where another dump is under way it is tried again. */
const BUSY_TRIES_MAX = 100;
const BUSY_WAIT_MS = 50;
const LINE_CHARACTERS_MAX = 65_536;
/** Walks the table of keys: lists of use change under way, and keys would be missed. */
const COMMAND = 'lru_crawler metadump hash\r\n';

export type ListOptions = Readonly<{
  server: string;
  clock: Clock;
  /** Without a byte. */
  timeoutMs: number;
  onKey: (key: string) => void;
}>;

export const listKeys = async (options: ListOptions): Promise<void> => {
  for (let attempt = 0; attempt < BUSY_TRIES_MAX; attempt += 1) {
    if (await dump(options)) return;
    await new Promise<void>((resolve) => void options.clock.after(BUSY_WAIT_MS, resolve));
  }
  throw new ServerUnavailable(`memcached ${options.server}: lists its keys for others all the time`);
};

/** False: busy. */
const dump = ({ server, clock, timeoutMs, onKey }: ListOptions): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const at = server.lastIndexOf(':');
    const socket = connect({ host: server.slice(0, at), port: Number(server.slice(at + 1)) });
    let rest = '';
    let isOver = false;
    let cancel = (): void => undefined;
    const end = (isListed: boolean | undefined, why = 'connection lost'): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      socket.destroy();
      if (isListed === undefined) reject(new ServerUnavailable(`memcached ${server}: ${why} while it lists keys`));
      else resolve(isListed);
    }; // prettier-ignore
    const wait = (): void => {
      cancel();
      cancel = clock.after(10 * timeoutMs, () => end(undefined, 'no answer'));
    };
    wait();
    socket.on('connect', () => socket.write(COMMAND));
    socket.on('error', () => end(undefined));
    socket.on('close', () => end(undefined));
    socket.on('data', (bytes) => {
      if (isOver) return;
      wait();
      const lines = (rest + bytes.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_CHARACTERS_MAX) return end(undefined, 'no lines');
      for (const line of lines) {
        const text = line.trimEnd();
        if (text === 'END') return end(true);
        if (text.startsWith('BUSY')) return end(false);
        if (!text.startsWith('key=')) return end(undefined, text.slice(0, 100));
        const space = text.indexOf(' ');
        onKey(unescapeKey(text.slice(4, space < 0 ? undefined : space)));
      }
    });
  });

/** Bytes that are not plain come as %XX. */
const unescapeKey = (text: string): string =>
  text.includes('%')
    ? text.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    : text;
