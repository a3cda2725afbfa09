import { randomUUID } from 'node:crypto';
import { firstHeader, statusOf } from '#libs/testkit';
import { runHistory } from '../accept/history-run.js';
import { newPhone } from '../accept/checks.js';
import type { Phone } from '../harness/phone.js';
import { expectCall, invite } from '../harness/phone-call.js';
import type { Product } from '../harness/product.js';
import { freePort } from '../harness/ports.js';
import { startUdpServer, type UdpServer } from '../harness/udp-server.js';
import { provisionUser, userOf } from '../harness/users.js';
import { startProduct } from './running.js';

let product: Product;
let servers: readonly UdpServer[];
let caller: Phone;
let callee: Phone;

const criterion = ({ uri }: Pick<UdpServer, 'uri'>, sessionCase: 0 | 1, priority: number): string =>
  [
    `<InitialFilterCriteria><Priority>${priority}</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>`,
    '<SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>INVITE</Method></SPT>',
    `<SPT><ConditionNegated>0</ConditionNegated><Group>1</Group><SessionCase>${sessionCase}</SessionCase></SPT>`,
    `</TriggerPoint><ApplicationServer><ServerName>${uri}</ServerName><DefaultHandling>0</DefaultHandling>`,
    '</ApplicationServer></InitialFilterCriteria>',
  ].join('');

const registered = async (
  name: string,
  sessionCase: 0 | 1,
  asked: readonly Pick<UdpServer, 'uri'>[],
): Promise<Phone> => {
  const user = userOf(`${name}${randomUUID().slice(0, 8)}`);
  const all = asked.map((server, priority) => criterion(server, sessionCase, priority)).join('');
  await provisionUser(product, user, { filterCriteria: `<ServiceProfile>${all}</ServiceProfile>` });
  const phone = await newPhone(product, user);
  expect(statusOf(await phone.register())).toBe(200);
  return phone;
};

beforeAll(async () => {
  product = await startProduct();
  const { SCSCF_PORT: port } = product.ports;
  servers = await Promise.all([1, 2, 3].map(() => startUdpServer(port)));
  [caller, callee] = [await registered('caller', 0, servers), await registered('callee', 1, servers)];
});
beforeEach(() => {
  for (const server of servers) {
    server.mode = 'gives-back';
    server.received.length = 0;
  }
});
afterAll(async () => {
  caller.close();
  callee.close();
  for (const server of servers) server.close();
  await product.dispose();
});

it('a call goes through three application servers on each side, and so does what is said in it', async () => {
  const call = invite(caller, callee.user.impu);
  const arrived = await expectCall(callee);
  arrived.ring();
  await call.response(180);
  const acknowledged = arrived.answer();
  expect(statusOf(await call.final)).toBe(200);
  await acknowledged;
  const invites = servers.flatMap(({ received }) => received.filter((text) => text.startsWith('INVITE')));
  const served = invites.map((text) => /sescase=\w+/.exec(firstHeader(text, 'P-Served-User') ?? '')?.[0]);
  expect(served.toSorted()).toEqual([...Array<string>(3).fill('sescase=orig'), ...Array<string>(3).fill('sescase=term')]); // prettier-ignore
  expect(firstHeader(arrived.invite, 'P-Served-User')).toBeUndefined();

  const ended = call.bye();
  callee.reply(await callee.take('BYE'), 200, 'OK');
  expect(statusOf(await ended)).toBe(200);
  expect(servers.map(({ received }) => received.filter((text) => text.startsWith('BYE')).length)).toEqual([2, 2, 2]); // prettier-ignore

  const { text } = await runHistory(product, 'call', call.callId);
  for (const { uri } of servers) expect(text).toContain(`asked ${uri}`);
  expect(text).toContain('because Method INVITE and SessionCase orig-reg');
  expect(text).toContain('the chain goes on');
  // What brings a request back is no business of who reads.
  const { json } = await runHistory(product, 'call', call.callId, '--json');
  expect(JSON.stringify(json)).not.toContain('odi_');
});

it('one that is silent is passed over within three seconds', async () => {
  servers[1]!.mode = 'silent';
  const beganMs = Date.now();
  const call = invite(caller, callee.user.impu);
  const arrived = await expectCall(callee);
  expect(Date.now() - beganMs).toBeGreaterThan(3_500); // on each side once
  arrived.reject(486, 'Busy Here');
  expect(statusOf(await call.final)).toBe(486);
  const { text } = await runHistory(product, 'call', call.callId);
  expect(text).toContain('it gave no sign of life in time; passed over');
});

it('one that decides is obeyed', async () => {
  servers[2]!.mode = 'busy';
  const call = invite(caller, callee.user.impu);
  expect(statusOf(await call.final)).toBe(486);
  const { text } = await runHistory(product, 'call', call.callId);
  expect(text).toContain('answered by itself 486');
});

it('one that is not there is passed over at once', async () => {
  const closed = await freePort();
  const alone = await registered('alone', 0, [{ uri: `sip:127.0.0.1:${closed};transport=tcp` }]);
  const beganMs = Date.now();
  const call = invite(alone, callee.user.impu);
  const arrived = await expectCall(callee);
  expect(Date.now() - beganMs).toBeLessThan(1_500);
  arrived.reject(486, 'Busy Here');
  expect(statusOf(await call.final)).toBe(486);
  alone.close();
});
