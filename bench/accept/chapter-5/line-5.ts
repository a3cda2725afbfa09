// 5.5: Kamailio with ims_registrar_pcscf as P-CSCF in Bono's place: clients register through it, it subscribes to their registration state,
// calls go both ways, among its clients and with those of Bono's; and when the network ends a registration it knows by its watch.
import { API_KEY, DOMAIN, type Product, withProduct } from '../../harness/product.js';
import { createPhone, type Phone } from '../../harness/phone.js';
import { expectCall, invite } from '../../harness/phone-call.js';
import { PCSCF_HOST, type Pcscf, startPcscf } from '../../harness/pcscf.js';
import { until } from '../../harness/children.js';
import { PASSWORD, type User } from '../../harness/users.js';
import { statusOf } from '#libs/testkit';
import { checkCallBetween, checkStatus, newUser, registeredPhone, statusLine } from '../checks.js';
import { runHistory } from '../history-run.js';
import type { Line, Report } from '../line.js';

const TOLD_MS_MAX = 10_000;

const streamOf = (user: User): string => `registration-${user.impu}`;

const phoneBehind = async (report: Report, product: Product, pcscf: Pcscf, name: string): Promise<Phone> => {
  const { host, port } = pcscf;
  const user = await newUser(product, name);
  const options = { user, domain: DOMAIN, password: PASSWORD, transport: 'udp', host, port } as const;
  const phone = await createPhone(options);
  checkStatus(report, `${name} registers by way of Kamailio`, await phone.register(), 200);
  return phone;
};

/** What the log says of who registered by whom, and who watches. */
const checkRegistered = async (report: Report, product: Product, { user }: Phone): Promise<void> => {
  const told = async (): Promise<string> =>
    (await runHistory(product, 'show', streamOf(user), '--json')).text;
  const watched = async (): Promise<string | undefined> => {
    const text = await told();
    return text.includes('SubscriptionNotified') ? text : undefined;
  };
  const text = await until('Kamailio to watch', TOLD_MS_MAX, watched).catch(told);
  const has = (what: string, part: string): void =>
    report.check(`${user.name}: ${what}`, text.includes(part), text);
  has('Kamailio watches, and was told', 'SubscriptionNotified');
  has('its Path is kept', `<sip:term@${PCSCF_HOST}`);
  has('the visited network is kept', `visited.${DOMAIN}`);
  has('the charging vector of the P-CSCF is kept', 'icid-value=');
};

/** The network ends the registration; Kamailio hears of it and lets the client begin nothing more. */
const checkEnded = async (report: Report, product: Product, phone: Phone, other: Phone): Promise<void> => {
  const url = `http://127.0.0.1:${product.ports.SPROUT_HTTP_PORT}/impu/${encodeURIComponent(phone.user.impu)}`;
  const ended = await fetch(url, { method: 'DELETE', headers: { 'X-API-Key': API_KEY } });
  report.check('an operator ends the registration', ended.ok, `${ended.status}`);
  const refused = async (): Promise<string | undefined> => {
    const answer = await phone.send('MESSAGE', other.user.impu, {
      headers: [['Content-Type', 'text/plain']],
      body: 'x',
    });
    return statusOf(answer) === 403 ? statusLine(answer) : undefined;
  };
  const answer = await until('Kamailio to know', TOLD_MS_MAX, refused).catch(String);
  report.check('Kamailio knows by its watch', answer === 'SIP/2.0 403 Register First', answer);
  const call = invite(other, phone.user.impu);
  checkStatus(report, 'who is called there is not registered', await call.final, 480);
  checkStatus(report, 'and may register again', await phone.register(), 200);
};

const run = async (report: Report, product: Product, pcscf: Pcscf): Promise<void> => {
  const phones: Phone[] = [];
  const keep = (phone: Phone): Phone => (phones.push(phone), phone);
  try {
    const alice = keep(await phoneBehind(report, product, pcscf, 'alice'));
    const bob = keep(await phoneBehind(report, product, pcscf, 'bob'));
    const carol = keep(await registeredPhone(report, product, 'carol'));
    for (const phone of [alice, bob]) await checkRegistered(report, product, phone);
    await checkCallBetween(report, alice, bob, 'Kamailio’s client calls another');
    await checkCallBetween(report, alice, carol, 'Kamailio’s client calls one of Bono’s');
    await checkCallBetween(report, carol, bob, 'Bono’s client calls one of Kamailio’s');
    const call = invite(carol, alice.user.impu);
    const arrived = await expectCall(alice);
    arrived.ring();
    checkStatus(report, 'a CANCEL goes through', await call.cancel(), 200);
    arrived.reject(487, 'Request Terminated');
    checkStatus(report, 'and the call ends', await call.final, 487);
    checkStatus(report, 'a registration is refreshed', await alice.register(), 200);
    await checkEnded(report, product, bob, carol);
    report.check('Kamailio lives', pcscf.alive(), pcscf.output().slice(-1_000));
  } finally {
    for (const phone of phones) phone.close();
  }
};

export const line: Line = {
  run: (report) =>
    withProduct({ env: { PCSCF_PEERS: PCSCF_HOST } }, async (product) => {
      const pcscf = await startPcscf(product);
      try {
        await run(report, product, pcscf);
      } finally {
        if (process.env['PCSCF_DEBUG'] !== undefined) report.note(pcscf.output());
        await pcscf.dispose();
      }
    }),
};
