// `npm run bench -- <name> [--rate R] [--seconds S] [--runs N] [--users U] [--profile] [--log kafka] [--workers W]`: one JSON line a measurement.
// What each figure means and how it is taken: docs/performance.md.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { benchAppend } from './append.js';
import { benchCx, benchRf } from './diameter.js';
import { describeMachine } from './measure/machine.js';
import { emit, parseArguments } from './measure/report.js';
import { benchIsc } from './isc.js';
import { benchMemory } from './memory.js';
import { benchOnEngines } from './on-engines.js';
import { benchPeerCall, benchPeerRegister } from './peer.js';
import { type ProfiledBench, writeProfile } from './performance-page.js';
import { benchRecover } from './recover.js';
import { benchCall, benchRegister, benchReregister, type ProductFigures } from './register.js';
import { benchRogers } from './rogers/costs.js';
import { benchReplay } from './replay.js';
import { benchSecure } from './secure.js';
import { benchTimers } from './timers.js';
import { benchVersus, type PeerChoice, type VersusFlow } from './versus.js';

type Flags = ReadonlyMap<string, string>;

const number = (flags: Flags, name: string, standard: number): number => {
  const text = flags.get(name);
  if (text === undefined) return standard;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} takes a number above 0, got ${text}`);
  return value;
};

const runs = (flags: Flags, rate: number, users: number) => ({
  rate: number(flags, 'rate', rate),
  seconds: number(flags, 'seconds', 10),
  runs: number(flags, 'runs', 5),
  users: number(flags, 'users', users),
  profile: flags.has('profile'),
  sqlite: flags.has('sqlite'),
});

/** Beside the peer, in turn: Kamailio, or another build of the product. */
const peerOf = (flags: Flags): PeerChoice | undefined => {
  const peer = flags.get('vs');
  if (peer === undefined) return undefined;
  if (peer === 'kamailio') return { kind: 'kamailio', sqlite: flags.has('sqlite') };
  const root = path.resolve(peer);
  if (existsSync(path.join(root, 'nest-cli.json'))) return { kind: 'build', root };
  throw new Error(`--vs takes kamailio, or the folder of another built clone; got ${peer}`);
};

const alone = { register: benchRegister, call: benchCall } as const;

const alongside = (flow: VersusFlow, flags: Flags, rate: number, users: number) => {
  const peer = peerOf(flags);
  const options = runs(flags, rate, users);
  return peer === undefined ? alone[flow](options) : benchVersus(flow, { ...options, peer });
};

/** On Kafka and memcached, in programs of their own, each of so many processes. */
const isOnEngines = (flags: Flags): boolean => {
  const log = flags.get('log') ?? (flags.has('workers') ? 'kafka' : 'embedded');
  if (log !== 'kafka' && log !== 'embedded') throw new Error(`--log takes kafka or embedded, got ${log}`);
  return log === 'kafka';
};

const onEngines = (flow: 'register' | 'call', flags: Flags, rate: number, users: number) =>
  benchOnEngines({ ...runs(flags, rate, users), flow, workers: number(flags, 'workers', 1) });

const BENCHES: Readonly<Record<string, (flags: Flags) => Promise<object>>> = {
  register: (flags) => {
    if (isOnEngines(flags)) return onEngines('register', flags, 1_000, 4_000);
    return alongside('register', flags, 4000, 4000);
  },
  call: (flags) => {
    if (isOnEngines(flags)) return onEngines('call', flags, 200, 500);
    return alongside('call', flags, 1500, 1000);
  },
  isc: (flags) => benchIsc(runs(flags, 800, 500)),
  reregister: (flags) => benchReregister(runs(flags, 4000, 4000)),
  'peer-register': (flags) => benchPeerRegister(runs(flags, 4000, 1000)),
  'peer-call': (flags) => benchPeerCall(runs(flags, 1500, 1000)),
  append: (flags) => benchAppend({ seconds: number(flags, 'seconds', 3) }),
  recover: (flags) => benchRecover({ events: number(flags, 'events', 1_000_000) }),
  replay: (flags) =>
    benchReplay({ events: number(flags, 'events', 1_000_000), runs: number(flags, 'runs', 5) }),
  cx: (flags) => benchCx({ seconds: number(flags, 'seconds', 10) }),
  rf: (flags) => benchRf({ seconds: number(flags, 'seconds', 10) }),
  timers: (flags) => benchTimers({ timers: number(flags, 'events', 1_000_000) }),
  secure: (flags) =>
    benchSecure({
      rate: number(flags, 'rate', 500),
      seconds: number(flags, 'seconds', 10),
      runs: number(flags, 'runs', 5),
      users: number(flags, 'users', 1000),
    }),
  rogers: (flags) => benchRogers({ seconds: number(flags, 'seconds', 10), runs: number(flags, 'runs', 5) }),
  memory: (flags) => benchMemory({ users: number(flags, 'users', 100_000) }),
};

const { words, flags } = parseArguments(process.argv.slice(2));
const unknown = words.filter((name) => !(name in BENCHES));
if (words.length === 0 || unknown.length > 0) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(BENCHES).join(' | ')}\n`);
  process.exit(64);
}
for (const name of words) {
  const machine = describeMachine();
  const figures = (await BENCHES[name]?.(flags)) ?? {};
  emit({ bench: name, ...figures, machine });
  const { profile, cpuUsPerFlow = 0 } = figures as Partial<ProductFigures>;
  if (profile && flags.has('write')) writeProfile(name as ProfiledBench, profile, cpuUsPerFlow, machine);
}
