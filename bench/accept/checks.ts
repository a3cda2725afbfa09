// Calls and messages between test phones on a running product, step by step as RFC 3261 and 3428 tell them.
// Used by several lines.
import { readFileSync } from 'node:fs';
import { firstHeader, headerLines, statusOf } from '#libs/testkit';
import { createPhone, type Phone } from '../harness/phone.js';
import { expectCall, invite } from '../harness/phone-call.js';
import { DOMAIN, hostOf, type Site } from '../harness/product.js';
import type { PhoneTransport } from '../harness/sip-socket.js';
import { bodyOf } from '../harness/sip-text.js';
import { PASSWORD, provisionUser, type User, userOf } from '../harness/users.js';
import type { Report } from './line.js';

let made = 0;

/** A subscriber of its own for each use. */
export const newUser = async (site: Site, name: string): Promise<User> => {
  made += 1;
  const user = userOf(`${name}${made}`);
  await provisionUser(site, user);
  return user;
};

export type PhoneChoice = Readonly<{
  /** Where the edge is; default: 127.0.0.1. */
  host?: string;
  localPort?: number;
  instance?: string;
  password?: string;
  contactParams?: string;
}>;

const PORT_OF = {
  udp: 'BONO_PORT',
  tcp: 'BONO_PORT',
  tls: 'BONO_TLS_PORT',
  ws: 'BONO_WS_PORT',
  wss: 'BONO_WSS_PORT',
} as const;

export const newPhone = (
  site: Site,
  user: User,
  transport: PhoneTransport = 'udp',
  choice: PhoneChoice = {},
): Promise<Phone> => {
  const certificate = site.env['TLS_CERT_FILE'];
  return createPhone({
    user,
    domain: DOMAIN,
    password: choice.password ?? PASSWORD,
    transport,
    host: hostOf(site, PORT_OF[transport]),
    port: site.ports[PORT_OF[transport]],
    ...(certificate === undefined ? {} : { ca: readFileSync(certificate, 'utf8') }),
    ...choice,
  });
};

export const statusLine = (text: string): string => text.split('\r\n', 1)[0] ?? '';

export const checkStatus = (report: Report, what: string, response: string, status: number): boolean => {
  report.check(`${what}: ${status}`, statusOf(response) === status, statusLine(response));
  return statusOf(response) === status;
};

/** A registered phone of a new subscriber. */
export const registeredPhone = async (
  report: Report,
  site: Site,
  name: string,
  transport: PhoneTransport = 'udp',
): Promise<Phone> => {
  const phone = await newPhone(site, await newUser(site, name), transport);
  checkStatus(report, `${name} registers over ${transport}`, await phone.register(), 200);
  return phone;
};

/** caller calls callee: 180, 200, ACK, BYE from the caller; the callee sees who calls. */
export const checkCallBetween = async (
  report: Report,
  caller: Phone,
  callee: Phone,
  what: string,
): Promise<string> => {
  const call = invite(caller, callee.user.impu);
  const arrived = await expectCall(callee);
  const asserted = firstHeader(arrived.invite, 'P-Asserted-Identity') ?? '';
  report.check(`${what}: the callee sees ${caller.user.impu}`, asserted.includes(caller.user.impu), asserted);
  report.check(
    `${what}: no P-Preferred-Identity reaches the callee`,
    headerLines(arrived.invite, 'P-Preferred-Identity').length === 0,
  );
  arrived.ring();
  await call.response(180);
  await arrived.answer();
  checkStatus(report, `${what}: the caller is connected`, await call.final, 200);
  const ended = call.bye();
  callee.reply(await callee.take('BYE'), 200, 'OK');
  checkStatus(report, `${what}: the call ends`, await ended, 200);
  return call.callId;
};

/** Two new subscribers, one call. */
export const checkCall = async (
  report: Report,
  site: Site,
  from: PhoneTransport,
  to: PhoneTransport,
): Promise<void> => {
  const caller = await registeredPhone(report, site, 'caller', from);
  const callee = await registeredPhone(report, site, 'callee', to);
  try {
    await checkCallBetween(report, caller, callee, `${from} calls ${to}`);
  } finally {
    caller.close();
    callee.close();
  }
};

export const checkMessage = async (
  report: Report,
  site: Site,
  from: PhoneTransport = 'udp',
  to: PhoneTransport = 'tcp',
): Promise<void> => {
  const sender = await registeredPhone(report, site, 'sender', from);
  const reader = await registeredPhone(report, site, 'reader', to);
  try {
    const sent = sender.send('MESSAGE', reader.user.impu, {
      headers: [['Content-Type', 'text/plain']],
      body: 'good day',
    });
    const got = await reader.take('MESSAGE');
    report.check('the message arrives as sent', bodyOf(got) === 'good day', got);
    checkStatus(report, 'MESSAGE', await sent, 200);
  } finally {
    sender.close();
    reader.close();
  }
};
