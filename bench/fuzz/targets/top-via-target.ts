// The topmost Via, for which there are three readers: what one takes the others take, and they read the same from it. A
// transaction found by one branch and answered by another would be somebody else's. RFC 3261 §17.2.3, §18.2; RFC 3581.
import { H, parseMessage, parseVia, readTopVia, splitValues, viaBranch } from '#libs/sip';
import { must, mustEqual, type Target } from '../target.js';

const around = (via: string): string =>
  `OPTIONS sip:x SIP/2.0\r\nMax-Forwards: 70\r\nVia: ${via}\r\nFrom: <sip:a>;tag=1\r\nTo: "b,;" <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n`;

const bare = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

export const topViaTarget = (read: typeof readTopVia = readTopVia): Target => ({
  name: 'top-via',
  seeds: ['SIP/2.0/UDP 10.0.0.1:16060;rport;branch=z9hG4bK-1', 'SIP / 2.0 / TCP [::1]:5 ;received=1.2.3.4;Branch = "a;b" , SIP/2.0/UDP x', 'SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks;keep;alias\r\nVia: SIP/2.0/UDP x:1;ttl=16', ', SIP/2.0/TLS h : 05061;x="\\"";rport=5;branch=z9hG4bK2;branch=3'], // prettier-ignore
  tokens: [';rport', ';RPORT=1', ';received=', ';branch=', ';Branch=z9hG4bK', '; branch ', ';branchy=1', '[::1]', 'SIP/2.0/UDP ', 'SIP / 2.0 / TCP ', ' : ', ':05060', ':65536', '\r\n ', '\r\nVia: ', '\r\nv: SIP/2.0/UDP y'], // prettier-ignore
  run(input) {
    const parsed = parseMessage(around(input));
    if (!parsed.ok) return parsed.reason;
    const { message } = parsed;
    const top = read(message);
    const [value] = splitValues(message.header(H.Via) ?? '');
    const full = value === undefined ? undefined : parseVia(value);
    must((top !== undefined) === (full !== undefined), 'one takes what the other takes', value, top, full);
    if (!top || !full) return 'no';
    const { sentBy, host, port, branch, rport, received } = top;
    mustEqual('host', host.toLowerCase(), bare(full.host));
    mustEqual('port', port, full.port);
    mustEqual('branch', branch, full.branch);
    mustEqual('rport', rport, full.rport !== undefined);
    mustEqual('received', received, full.received !== undefined);
    mustEqual('one branch to all readers', viaBranch(message), branch);
    must(message.raw.includes(sentBy), 'sent-by as it was written', sentBy);
    const [, port0 = '0'] = /:\s*(\d+)$/.exec(sentBy.slice(full.host.length)) ?? [];
    must(sentBy.toLowerCase().startsWith(full.host), 'sent-by begins with the host', sentBy, full.host);
    mustEqual('sent-by ends with the port', Number(port0), port);
    return `${host === full.host} ${port > 0} ${branch !== ''} ${rport} ${received} ${splitValues(message.header(H.Via) ?? '').length > 1}`;
  },
}); // prettier-ignore
