import { randomUUID } from 'node:crypto';
import { firstHeader, headerLines, statusOf } from '#libs/testkit';
import { checkCall, checkMessage, newPhone, newUser, registeredPhone } from '../accept/checks.js';
import { contactsOf, type Phone } from '../harness/phone.js';
import { expectCall, invite } from '../harness/phone-call.js';
import { DOMAIN, type Product } from '../harness/product.js';
import type { PhoneTransport } from '../harness/sip-socket.js';
import { startProduct, throwing } from './running.js';

let product: Product;
const open: Phone[] = [];
const registered = async (name: string, transport: PhoneTransport = 'udp'): Promise<Phone> => {
  const phone = await registeredPhone(throwing, product, name, transport);
  open.push(phone);
  return phone;
};

beforeAll(async () => {
  product = await startProduct();
});
afterEach(() => {
  for (const phone of open.splice(0)) phone.close();
});
afterAll(() => product.dispose());

describe('calls', () => {
  const transports: readonly PhoneTransport[] = ['udp', 'tcp', 'ws'];
  it.each(transports.flatMap((from) => transports.map((to) => [from, to] as const)))(
    'go from %s to %s',
    (from, to) => checkCall(throwing, product, from, to),
  );

  it('to a subscriber without a phone end in 480', async () => {
    const caller = await registered('caller');
    const absent = await newUser(product, 'absent');
    expect(statusOf(await invite(caller, absent.impu).final)).toBe(480);
  });

  it('to nobody end in 404', async () => {
    const caller = await registered('caller');
    expect(statusOf(await invite(caller, `sip:nobody@${DOMAIN}`).final)).toBe(404);
  });

  it('from a phone that is not registered are refused', async () => {
    const callee = await registered('callee');
    const stranger = await newPhone(product, await newUser(product, 'stranger'));
    open.push(stranger);
    expect(statusOf(await invite(stranger, callee.user.impu).final)).toBe(403);
    expect(callee.received).toEqual([]);
  });

  it('are cancelled', async () => {
    const [caller, callee] = [await registered('caller'), await registered('callee')];
    const call = invite(caller, callee.user.impu);
    const arrived = await expectCall(callee);
    arrived.ring();
    await call.response(180);
    expect(statusOf(await call.cancel())).toBe(200);
    callee.reply(await callee.take('CANCEL'), 200, 'OK');
    arrived.reject(487, 'Request Terminated');
    expect(statusOf(await call.final)).toBe(487);
  });

  it('are ended by the callee', async () => {
    const [caller, callee] = [await registered('caller', 'tcp'), await registered('callee')];
    const call = invite(caller, callee.user.impu);
    const arrived = await expectCall(callee);
    await arrived.answer();
    expect(statusOf(await call.final)).toBe(200);
    const ended = arrived.bye();
    caller.reply(await caller.take('BYE'), 200, 'OK');
    expect(statusOf(await ended)).toBe(200);
  });

  it('never carry what the caller asserts of itself', async () => {
    const [caller, callee] = [await registered('caller'), await registered('callee')];
    const call = invite(caller, callee.user.impu, {
      headers: [
        ['P-Asserted-Identity', `<sip:boss@${DOMAIN}>`],
        ['P-Charging-Vector', 'icid-value=forged'],
      ],
    });
    const arrived = await expectCall(callee);
    expect(headerLines(arrived.invite, 'P-Asserted-Identity').join()).toContain(caller.user.impu);
    expect(arrived.invite).not.toContain('boss@');
    expect(arrived.invite).not.toContain('forged');
    arrived.reject(486, 'Busy Here');
    expect(statusOf(await call.final)).toBe(486);
  });
});

describe('messages', () => {
  it('arrive as they were sent', () => checkMessage(throwing, product));
});

describe('registrations', () => {
  it('are refused with a wrong password', async () => {
    const phone = await newPhone(product, await newUser(product, 'forgetful'), 'udp', { password: 'wrong' });
    open.push(phone);
    expect([401, 403]).toContain(statusOf(await phone.register()));
  });

  it('tell the shortest interval', async () => {
    const phone = await registered('hasty');
    const response = await phone.register({ expires: 5 });
    expect([statusOf(response), firstHeader(response, 'Min-Expires')]).toEqual([423, '60']);
  });

  it('hold several phones, and end one by one or all together', async () => {
    const user = await newUser(product, 'many');
    const phones = await Promise.all(
      [1, 2, 3].map(() =>
        newPhone(product, user, 'tcp', { instance: randomUUID(), contactParams: ';reg-id=1' }),
      ),
    );
    open.push(...phones);
    const [first, second, third] = phones as [Phone, Phone, Phone];
    for (const phone of phones) expect(statusOf(await phone.register())).toBe(200);
    expect(contactsOf(await first.register({ contact: undefined }))).toHaveLength(3);
    expect(contactsOf(await second.register({ expires: 0 }))).toHaveLength(2);
    expect(contactsOf(await third.register({ contact: '*', expires: 0 }))).toHaveLength(0);
  });

  it('carry Service-Route and P-Associated-URI', async () => {
    const phone = await registered('routed');
    const response = await phone.register();
    expect(headerLines(response, 'Service-Route')).not.toEqual([]);
    expect(firstHeader(response, 'P-Associated-URI')).toContain(phone.user.impu);
  });
});
