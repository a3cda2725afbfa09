// Three readers of the topmost Via: what one takes the others take, and they read the same from it. A transaction found by one
// branch and answered by another would be somebody else's. RFC 3261 §17.2.3, §18.2, §20.42.
import fc from 'fast-check';
import { parseVia, viaBranch } from '../fields/via.js';
import { splitValues } from '../fields/fields.js';
import { H } from '../message/header-table.js';
import { parseMessage } from '../message/parse-message.js';
import type { SipMessage } from '../message/message.js';
import { readTopVia } from './top-via.js';

const withVia = (via: string): SipMessage | undefined => {
  const parsed = parseMessage(
    `OPTIONS sip:x SIP/2.0\r\nVia: ${via}\r\nFrom: <sip:a>;tag=1\r\nTo: "b,;" <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n`,
  );
  return parsed.ok ? parsed.message : undefined;
};

const bare = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

const agree = (via: string): void => {
  const message = withVia(via);
  if (!message) return;
  const top = readTopVia(message);
  const [value] = splitValues(message.header(H.Via) ?? '');
  const full = value === undefined ? undefined : parseVia(value);
  const short = top && { host: top.host.toLowerCase(), port: top.port, branch: top.branch, rport: top.rport, received: top.received }; // prettier-ignore
  const long = full && { host: bare(full.host), port: full.port, branch: full.branch, rport: full.rport !== undefined, received: full.received !== undefined }; // prettier-ignore
  expect(short).toEqual(long);
  if (full) expect(viaBranch(message)).toBe(full.branch);
};

const PIECES = ['SIP/2.0/UDP h', 'SIP/2.0/', 'SIP / 2.0 / TCP ', 'h', '[::1]', ':', '5060', ' ', '\t', '\r\n ', ';', ';', ',', '=', '"', '\\', '<', '>', '%', '@', ';branch=', ';branch', ';Branch=', '; branch = ', 'z9hG4bK1', ';branchy=', ';rport', ';rport=1', ';rports', ';received=', ';Received', ';received-by=', 'x']; // prettier-ignore

describe('the topmost Via', () => {
  it('is one to every reader, whatever it holds', () => {
    const piece = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...PIECES) },
      fc.string({ unit: 'binary-ascii', maxLength: 2 }),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.constantFrom('', 'SIP/2.0/UDP h', 'SIP/2.0/TCP [::1]:5060;'), text, (start, rest) =>
        agree(start + rest),
      ),
      { seed: 2, numRuns: Number(process.env['FC_RUNS'] ?? 5_000) },
    );
  });

  const top = (via: string): unknown => {
    const { branch, rport, received } = readTopVia(withVia(via)!) ?? {};
    return { branch, rport, received };
  };
  it.each([
    ['SIP/2.0/UDP h;branchy=1', { branch: '', rport: false, received: false }],
    ['SIP/2.0/UDP h;rports;received-by=x', { branch: '', rport: false, received: false }],
    ['SIP/2.0/UDP h;branch=a;branch=b', { branch: 'a', rport: false, received: false }],
    ['SIP/2.0/UDP h;branch;branch=b', { branch: '', rport: false, received: false }],
    [
      'SIP/2.0/UDP h;BRANCH = "a,b" ; RPort;RECEIVED=x,SIP/2.0/UDP g;branch=c',
      { branch: 'a,b', rport: true, received: true },
    ],
    ['SIP/2.0/ UDP h;branch=a', { branch: 'a', rport: false, received: false }],
    ['SIP/2.0/\r\n UDP h;branch=a', { branch: 'a', rport: false, received: false }],
    ['SIP/2.0/UDP h;x="<";branch=a', { branch: 'a', rport: false, received: false }],
    // What would be written behind these, received= say, would belong to what is open.
    ['SIP/2.0/UDP h;x=<;branch=a>;branch=b', { branch: undefined, rport: undefined, received: undefined }],
    ['P/0/P x;<', { branch: undefined, rport: undefined, received: undefined }],
    ['SIP/2.0/UDP h;branch=a;x="b', { branch: undefined, rport: undefined, received: undefined }],
    ['SIP/2.0/UDP h<', { branch: undefined, rport: undefined, received: undefined }],
    ['SIP/2.0/UDP, h;branch=a', { branch: undefined, rport: undefined, received: undefined }],
  ])('%s', (via, expected) => {
    expect(top(via)).toEqual(expected);
    agree(via);
  });
});
