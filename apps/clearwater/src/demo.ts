// The demo subscribers: alice and bob with random passwords, kept in DATA_DIR/demo.json (mode 600) for the person at the
// terminal. Loopback only. Made through the same provisioning as everybody else; a restart changes nothing.
import path from 'node:path';
import type { Provisioning } from '#apps/homestead-prov';
import { type Random, readPrivateFile, replacePrivateFile, StartRefused } from '#libs/runtime';

export type DemoSubscriber = Readonly<{ impu: string; impi: string; password: string }>;

const NAMES = ['alice', 'bob'];
const PASSWORD_CHARACTERS = 12;

const kept = (file: string): readonly DemoSubscriber[] | undefined => {
  const content = readPrivateFile(file);
  if (content === undefined) return undefined;
  try {
    const read: unknown = JSON.parse(content.toString());
    if (Array.isArray(read) && read.every(isDemoSubscriber)) return read;
  } catch {
    // Said below.
  }
  throw new StartRefused(
    `cannot start: ${file} is damaged: remove it, and the demo subscribers get new passwords`,
  );
};

const isDemoSubscriber = (value: unknown): value is DemoSubscriber => {
  const { impu, impi, password } = (value ?? {}) as Partial<DemoSubscriber>;
  return typeof impu === 'string' && typeof impi === 'string' && typeof password === 'string';
};

/** Makes the demo subscribers where they are not there yet, and says who they are. */
export const seedDemo = async (
  provisioning: Pick<Provisioning, 'provisionSubscriber'>,
  { dataDir, homeDomain, random }: { dataDir: string; homeDomain: string; random: Random },
): Promise<readonly DemoSubscriber[]> => {
  const file = path.join(dataDir, 'demo.json');
  const before = kept(file);
  if (before?.every(({ impi }) => impi.endsWith(`@${homeDomain}`))) return before;
  const made = NAMES.map((name) => ({
    impu: `sip:${name}@${homeDomain}`,
    impi: `${name}@${homeDomain}`,
    password: random.token(PASSWORD_CHARACTERS),
  }));
  for (const { impi, impu, password } of made)
    await provisioning.provisionSubscriber({ impi, impus: [impu], password });
  replacePrivateFile(file, `${JSON.stringify(made, null, 2)}\n`);
  return made;
};
