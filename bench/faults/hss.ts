// The HSS of a cluster whose subscribers are in no store of ours: a process that is killed and started again on the same file. Used by rows.ts
// and accept 8.2.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Child, startChild, until } from '../harness/children.js';
import { endChild } from '../harness/charging.js';
import { freePort } from '../harness/ports.js';
import { cleanEnv, DOMAIN } from '../harness/product.js';
import { inRepository } from '../harness/root.js';
import { PASSWORD, type User } from '../harness/users.js';

const READY_MS_MAX = 10_000;

export type FaultHss = Readonly<{
  /** As HSS_PEERS takes it. */
  peer: string;
  kill(): Promise<void>;
  /** It has forgotten who is registered. */
  start(): Promise<void>;
}>;

const run = async (listen: string, file: string): Promise<Child> => {
  const main = inRepository('dist/apps/hss/src/main.js');
  const child = startChild(process.execPath, [main, '--listen', listen, '--subscribers', file, '--quiet'], {
    env: cleanEnv(),
  });
  await until('the HSS to be ready', READY_MS_MAX, () => (child.output().includes('subscribers') ? true : undefined));
  return child;
}; // prettier-ignore

export const startFaultHss = async (folder: string, users: readonly User[]): Promise<FaultHss> => {
  const file = path.join(folder, 'subscribers.json');
  const peer = `127.0.0.1:${await freePort()}`;
  writeFileSync(
    file,
    JSON.stringify(
      users.map(({ name, impu }) => ({ impi: `${name}@${DOMAIN}`, impus: [impu], password: PASSWORD })),
    ),
  );
  let child = await run(peer, file);
  return {
    peer,
    kill: () => endChild(child, 'SIGKILL'),
    async start() {
      child = await run(peer, file);
    },
  };
};
