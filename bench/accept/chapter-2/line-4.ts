// 2.4: each hostile case has the right answer or a closed connection, a log line without secrets, and changes nothing else. Every
// attack of the list is tried by tests that are told by name: one that is missing, skipped or failing fails the line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cleanEnv } from '../../harness/product.js';
import { runJest } from '../jest-run.js';
import type { Line, Report } from '../line.js';

/** On the whole core or on one of its parts, without sockets that matter. */
const UNIT = [
  'apps/clearwater/sim/hostile',
  'apps/bono/src',
  'apps/homestead-prov/src/http-sets',
  'apps/sprout/src/authentication',
  'libs/domain/src/filter-criteria',
  'libs/runtime/src',
  'libs/sip/src/adapters',
];
/** On the running product, over real sockets. */
const E2E = ['--config', '.config/jest.e2e.config.mjs', '--runInBand', 'bench/e2e/hostile'];

type Attack = readonly [attack: string, tests: RegExp, atLeast: number];

const IDENTITY = [
  'P-Asserted-Identity', 'P-Served-User', 'P-Associated-URI', 'P-Charging-Vector', 'P-Charging-Function-Addresses',
  'Path', 'Service-Route',
] as const; // prettier-ignore

const IN_PROCESS: readonly Attack[] = [
  ...IDENTITY.map((name): Attack => [`identity spoofing: ${name}`, new RegExp(`^a forged ${name} `), 4]),
  ['identity spoofing: integrity-protected', /^a registration that claims to be protected already /, 6],
  ['identity spoofing: another From or preferred identity', /^a caller who writes another From/, 1],
  ['preloaded Route', /^a caller with the preloaded Route /, 3],
  ['trusted headers without a registration', /^a caller without a registration gets nowhere /, 4],
  ['header names with control characters', /^a header name with a control character or a space in it /, 5],
  ['a space before the colon', /^a forged .* with a space before the colon/, IDENTITY.length],
  ['nonce replay at two nodes', /^a nonce that was used /, 3],
  ['stray and forged responses', /^an answer that nobody asked for /, 4],
  ['forged CANCEL', /^a forged CANCEL /, 2],
  ['forged CANCEL of one who knows the branch', /^a forged CANCEL of one who knows the branch /, 1],
  [
    'enumeration of users by REGISTER',
    /^a client that asks who is a user here is challenged by REGISTER /,
    1,
  ],
  ['forged BYE', /^a forged BYE /, 2],
  ['a reused Call-ID', /^a Call-ID that is in use /, 2],
  ['Via pointing at a third party', /^a Via that points at a third party /, 7],
  ['Contact pointing at a third party', /^a Contact that points at a third party /, 4],
  ['amplification by forking', /^amplification by forking /, 3],
  ['one byte a second', /closes a connection that sends one byte at a time/, 1],
  [
    'half-open connections',
    /makes room at its bound by closing the oldest connection that has said nothing/,
    1,
  ],
  ['half-closed connections', /^a TCP connection on which nothing more can be read /, 5],
  ['enumeration of users by answer', /^a client that asks who is a user here /, 6],
  ['guessing passwords', /^slows guessing in series down/, 1],
  ['regular expressions that explode', /^a filter criterion with a regular expression that explodes /, 5],
  ['XML bombs and external entities', /^filter criteria as XML that grows or reaches out /, 8],
  ['XML with a document type over HTTP', /PUT is 400 for a document type/, 1],
];

const OVER_SOCKETS: readonly Attack[] = [
  ['conflicting Content-Length', /^a TCP stream with conflicting Content-Length /, 6],
  ['1 MiB of header', /^a TCP stream with 1 MiB of header /, 3],
  ['half-open floods', /^a flood of connections /, 1],
  ['WebSocket: unmasked', /^a WebSocket frame without a mask /, 1],
  ['WebSocket: wrong subprotocol', /^a WebSocket of another subprotocol /, 3],
  ['WebSocket: fragments', /^a WebSocket message in fragments /, 2],
  ['WebSocket: two messages in a frame', /^a WebSocket frame with two messages /, 1],
  ['WebSocket: 64-bit length', /^a WebSocket frame that claims /, 5],
  ['WebSocket: Origin', /^a WebSocket of an Origin /, 1],
  ['requests straight to the trusted ports', /^the trusted ports .* hears nothing from outside /, 6],
  ['HTTP straight to the trusted ports', /^the trusted ports .* says nothing to outside/, 4],
  ['a log without secrets', /^leaves a line in the log for what was refused, and no secret/, 1],
];

const judge = async (
  report: Report,
  what: string,
  args: readonly string[],
  attacks: readonly Attack[],
): Promise<Readonly<Record<string, number>>> => {
  report.note(`tests: attacks ${what}`);
  const folder = mkdtempSync(path.join(tmpdir(), 'hostile-'));
  try {
    const tests = await runJest(args, path.join(folder, 'output.json'), cleanEnv());
    report.check(`${what}: none fails`, tests.failed === 0, tests.failures.join('; '));
    report.check(`${what}: none is skipped`, tests.skipped === 0, `${tests.skipped} skipped`);
    const counts: Record<string, number> = {};
    for (const [attack, pattern, atLeast] of attacks) {
      const passed = tests.names.filter((name) => pattern.test(name)).length;
      counts[attack] = passed;
      report.check(`${attack}: at least ${atLeast} tests hold`, passed >= atLeast, `${passed} do`);
    }
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const line: Line = {
  async run(report) {
    const unit = ['--testPathPatterns', ...UNIT];
    report.figure('attacks', {
      ...(await judge(report, 'in process', unit, IN_PROCESS)),
      ...(await judge(report, 'over sockets', E2E, OVER_SOCKETS)),
    });
  },
};
