// 5.4: phones over UDP, TCP, TLS, WS and WSS call each other in every pair, over IPv4 and over IPv6: a hundred calls, each from INVITE to
// BYE with who calls asserted. The edge listens at an address of each family. Every cell is printed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate } from '#libs/sip';
import type { Phone } from '../../harness/phone.js';
import { type Product, withProduct } from '../../harness/product.js';
import type { PhoneTransport } from '../../harness/sip-socket.js';
import { checkCallBetween, checkStatus, newPhone, newUser } from '../checks.js';
import type { Line, Report } from '../line.js';

const TRANSPORTS: readonly PhoneTransport[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];
const FAMILIES = [
  { family: '4', host: '127.0.0.1' },
  { family: '6', host: '::1' },
] as const;
const COLUMN_WIDTH = 6;

type Way = Readonly<{ name: string; transport: PhoneTransport; host: string }>;

const WAYS: readonly Way[] = FAMILIES.flatMap(({ family, host }) =>
  TRANSPORTS.map((transport) => ({ name: `${transport}${family}`, transport, host })),
);

type End = Readonly<{ way: Way; phone: Phone }>;

const registered = async (report: Report, product: Product, way: Way, role: string): Promise<End> => {
  const { name, transport, host } = way;
  const phone = await newPhone(product, await newUser(product, `${role}-${name}-`), transport, { host });
  checkStatus(report, `${role} registers over ${name}`, await phone.register(), 200);
  return { way, phone };
};

/** One call; what is wrong with it is reported, and shown in its cell. */
const cell = async (report: Report, caller: End, callee: End): Promise<boolean> => {
  let isGood = true;
  const watched: Report = {
    ...report,
    check(what, holds, detail) {
      isGood &&= holds;
      report.check(what, holds, detail);
    },
  };
  const what = `${caller.way.name} calls ${callee.way.name}`;
  try {
    await checkCallBetween(watched, caller.phone, callee.phone, what);
  } catch (error) {
    watched.check(what, false, String(error));
  }
  return isGood;
};

const rowText = (cells: readonly string[]): string =>
  cells
    .map((text) => text.padEnd(COLUMN_WIDTH))
    .join('')
    .trimEnd();

const run = async (report: Report, product: Product): Promise<void> => {
  const open: Phone[] = [];
  const all = async (role: string): Promise<readonly End[]> => {
    const ends: End[] = [];
    for (const way of WAYS) {
      const end = await registered(report, product, way, role);
      open.push(end.phone);
      ends.push(end);
    }
    return ends;
  };
  try {
    const [callers, callees] = [await all('caller'), await all('callee')];
    const matrix: Record<string, Record<string, string>> = {};
    let calls = 0;
    report.note(rowText(['', ...WAYS.map(({ name }) => name)]));
    for (const caller of callers) {
      const row: Record<string, string> = {};
      for (const callee of callees) {
        const isGood = await cell(report, caller, callee);
        row[callee.way.name] = isGood ? 'ok' : 'FAILS';
        if (isGood) calls += 1;
      }
      matrix[caller.way.name] = row;
      report.note(rowText([caller.way.name, ...Object.values(row)]));
    }
    report.figure('matrix', matrix);
    report.atLeast('calls', calls, WAYS.length ** 2);
  } finally {
    for (const phone of open) phone.close();
  }
};

export const line: Line = {
  async run(report) {
    const folder = mkdtempSync(path.join(tmpdir(), 'clearwater-tls-'));
    try {
      const { cert, key } = await makeCertificate(['127.0.0.1', '::1'], performance.timeOrigin);
      const [certFile, keyFile] = [path.join(folder, 'edge.crt'), path.join(folder, 'edge.key')];
      writeFileSync(certFile, cert);
      writeFileSync(keyFile, key);
      const env = { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, BONO_SECOND_ADDRESS: '::1' };
      await withProduct({ env }, (product) => run(report, product));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
