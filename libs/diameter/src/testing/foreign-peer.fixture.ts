// Diameter nodes of another make, for int-specs: started by docker/services, and what they wrote read back.
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock, systemRandom } from '#libs/runtime';
import { startRealEngine } from '#libs/testkit';
import { createTcpTransport } from '../adapters/tcp.js';
import type { Application } from '../dictionary/dictionary.js';
import { createDiameterNode, type DiameterNode } from '../node/node.js';

export type ForeignPeer = Readonly<{
  host: string;
  port: number;
  /** What it wrote into this file of its folder. */
  read(file: string): string;
  /** A line for its standard input. */
  type(line: string): void;
  stop(): Promise<void>;
}>;

export const startForeignPeer = async (engine: 'freediameter' | 'pydiameter'): Promise<ForeignPeer> => {
  const folder = mkdtempSync(path.join(tmpdir(), `${engine}-`));
  process.env[`TEST_${engine.toUpperCase()}_DIR`] = folder;
  const started = await startRealEngine(engine);
  const port = Number(started.endpoints[0]?.split(':').at(-1));
  return {
    host: '127.0.0.1',
    port,
    read: (file) => readFileSync(path.join(folder, file), 'utf8'),
    type: (line) => appendFileSync(path.join(folder, 'cmd'), `${line}\n`),
    async stop() {
      await started.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** A node of ours that calls it. */
export const callForeign = async (
  { host, port }: Pick<ForeignPeer, 'host' | 'port'>,
  name: string,
  applications: readonly Application[],
): Promise<DiameterNode> => {
  const node = createDiameterNode({
    host: 'client.ims.test',
    realm: 'ims.test',
    applications,
    peers: [{ host: name, address: { host, port } }],
    transport: createTcpTransport(),
    clock: systemClock,
    random: systemRandom,
  });
  node.start();
  if (!(await node.whenUp(10_000)))
    throw new Error(`${name} did not let us in: ${JSON.stringify(node.peers())}`);
  return node;
};
