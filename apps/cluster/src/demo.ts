// The demo subscribers of a cluster: alice and bob with random passwords, kept in demo.json (mode 600), made over the REST API as everybody
// else's are. A restart changes nothing. Used by main.ts and by the end-to-end tests.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Random, readPrivateFile, replacePrivateFile } from '#libs/runtime';

export type Demo = Readonly<{ impu: string; impi: string; password: string }>;

const NAMES = ['alice', 'bob'];
const PASSWORD_CHARACTERS = 12;
const PROVISION_MS_MAX = 60_000;
const DOMAIN = 'ims.test';

const run = promisify(execFile);

export type DemoOptions = Readonly<{
  folder: string;
  programs: string;
  /** Of Homestead Prov. */
  url: string;
  apiKey: string;
  random: Random;
}>;

const made = (file: string, random: Random): readonly Demo[] => {
  const kept = readPrivateFile(file)?.toString();
  if (kept !== undefined) return JSON.parse(kept) as readonly Demo[];
  const demo = NAMES.map((name) => ({
    impu: `sip:${name}@${DOMAIN}`,
    impi: `${name}@${DOMAIN}`,
    password: random.token(PASSWORD_CHARACTERS),
  }));
  replacePrivateFile(file, `${JSON.stringify(demo, null, 2)}\n`);
  return demo;
};

/** What is there already stays as it is. */
export const provisionDemo = async (options: DemoOptions): Promise<readonly Demo[]> => {
  const { folder, programs, url, apiKey, random } = options;
  const demo = made(path.join(folder, 'demo.json'), random);
  const csv = path.join(folder, 'demo.csv');
  const rows = demo.map(({ impu, impi, password }) => `${impu},${impi},${DOMAIN},${password}\n`);
  replacePrivateFile(csv, rows.join(''));
  const tool = path.join(programs, 'apps/homestead-prov/src/cli/provision.js');
  const { NODE_OPTIONS: _options, ...env } = process.env;
  await run(process.execPath, [tool, '--import', csv, '--url', url], {
    env: { ...env, API_KEY: apiKey },
    timeout: PROVISION_MS_MAX,
  });
  return demo;
};
