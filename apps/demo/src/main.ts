// `npm run demo`: two phones that register anew and call each other, once a second, until Ctrl-C or for so many rounds. To see a core at work,
// and what callers notice when a part of it goes away (docs/see-it-work.md).
import { isIP } from 'node:net';
import { Command, InvalidArgumentError } from 'commander';
import { readPrivateFile, systemClock, systemRandom } from '#libs/runtime';
import { type Edge, openPhoneAt, playRound, type User } from './round.js';
import { lineOf, Totals } from './told.js';

const SIP_PORT = 5060;

const edgesIn = (text: string): readonly Edge[] =>
  text.split(',').map((one) => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(one.trim()) ?? [];
    const address = bracketed ?? plain ?? '';
    if (isIP(address) === 0)
      throw new InvalidArgumentError('Takes addresses with or without a port: 127.0.0.1:5060,127.0.0.2:5060');
    return { address, port: Number(port ?? SIP_PORT) };
  });

const count = (text: string): number => {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Takes a whole number, 1 and more.');
};

const seconds = (text: string): number => {
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Takes seconds.');
};

const options = new Command('demo')
  .description('Two phones that register anew and call each other, once a second, until Ctrl-C.')
  .option('--edges <host:port,…>', 'where they register, in turn', edgesIn, edgesIn('127.0.0.1'))
  .option('--users <file>', 'who they are: demo.json of a core or a cluster that runs', 'data/demo.json')
  .option('--from <address>', 'the address that they have themselves', '127.0.0.1')
  .option('--every <s>', 'seconds between rounds', seconds, 1)
  .option('--count <n>', 'ends after so many rounds; with 1 when one failed', count)
  .parse()
  .opts<{ edges: readonly Edge[]; users: string; from: string; every: number; count?: number }>();

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const refuse = (text: string): never => {
  process.stderr.write(`${text}\n`);
  process.exit(2);
};

const isUser = (value: unknown): value is User =>
  ['impu', 'impi', 'password'].every(
    (name) => typeof (value as Record<string, unknown> | null)?.[name] === 'string',
  );

const usersIn = (file: string): readonly [User, User] => {
  const text = readPrivateFile(file)?.toString();
  if (text === undefined)
    return refuse(
      `${file} is not there: start a core (npm start) or a cluster (npm run cluster) first, and name its demo.json with --users`,
    );
  try {
    const [one, two] = JSON.parse(text) as readonly unknown[];
    if (isUser(one) && isUser(two)) return [one, two];
  } catch {
    // told below
  }
  return refuse(`${file} does not name two users with impu, impi and password`);
};

const clock = systemClock;
const round = {
  users: usersIn(options.users),
  edges: options.edges,
  clock,
  openPhone: openPhoneAt({ clock, random: systemRandom, address: options.from }),
};
const totals = new Totals();
const end = (): never => {
  say(totals.text());
  process.exit(options.count !== undefined && totals.failed > 0 ? 1 : 0);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);

for (let n = 0; options.count === undefined || n < options.count; n++) {
  const atMs = clock.monotonicMs();
  const played = await playRound(round, n);
  totals.note(played);
  say(lineOf(new Date(clock.nowMs()).toISOString().slice(11, 19), n, played));
  const restMs = Math.max(0, options.every * 1_000 - (clock.monotonicMs() - atMs));
  await new Promise<void>((resolve) => void clock.after(restMs, resolve));
}
end();
