// The dialog of a caller who hides: whatever it says there, the other side sees nobody, and still reaches it.
import { createSeededRandom, firstHeader, headerLines } from '#libs/testkit';
import { ALICE, BOB, createStage, originating } from './chain-stage.fixture.js';
import { ContactSeal } from './sealed-contact.js';

const CONTACT = 'sip:alice@10.0.0.1:5060;transport=udp';
const BEYOND = '<sip:10.9.0.2:5054;transport=tcp;lr>';

type Stage = Awaited<ReturnType<typeof createStage>>;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const inCall = async (): Promise<Readonly<{ stage: Stage; route: string; contact: string }>> => {
  const stage = await createStage({ simservs: '' });
  closers.push(stage.close);
  await stage.invite({ served: originating(), headers: ['Privacy: user;id', 'User-Agent: Alice phone'] });
  const route = firstHeader(stage.leg(), 'Record-Route')!;
  const contact = firstHeader(stage.leg(), 'Contact')!;
  await stage.answer(stage.leg(), 200, [`Record-Route: ${route}`, 'Contact: <sip:bob@10.0.0.2>']);
  return { stage, route, contact };
};
const aliceSays = (route: string) => [
  `Route: ${route}`, `Route: ${BEYOND}`, `From: "Alice" <${ALICE}>;tag=a1`, `To: <${BOB}>;tag=b1`, 'User-Agent: Alice phone',
]; // prettier-ignore
const bobSays = (route: string) => [
  `Route: ${route}`, `Route: ${BEYOND}`, `From: <${BOB}>;tag=b1`, 'To: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=a1',
]; // prettier-ignore
const uriIn = (contact: string): string => /<([^>]*)>/.exec(contact)![1]!;

it('hides the Contact behind one of the server’s own, and stays on the way', async () => {
  const { route, contact } = await inCall();
  expect(contact).toMatch(/^<sip:anonymous\.[\w-]+@10\.9\.0\.1:5055;transport=tcp>;audio$/);
  expect(route).toMatch(/^<sip:10\.9\.0\.1:5055;transport=tcp;lr;private=\w+>$/);
});

it('hides what the caller says later: BYE, re-INVITE, ACK', async () => {
  const { stage, route } = await inCall();
  await stage.within('ACK sip:bob@10.0.0.2', [...aliceSays(route), 'CSeq: 1 ACK']);
  await stage.within('INVITE sip:bob@10.0.0.2', [...aliceSays(route), 'CSeq: 2 INVITE', `Contact: <${CONTACT}>`, `P-Asserted-Identity: <${ALICE}>`]); // prettier-ignore
  await stage.within('BYE sip:bob@10.0.0.2', [...aliceSays(route), 'CSeq: 3 BYE']);
  const said = [...stage.legs('ACK'), stage.leg(), ...stage.legs('BYE')];
  expect(said).toHaveLength(3);
  for (const request of said) {
    expect(request).not.toMatch(/alice/i);
    expect(firstHeader(request, 'From')).toBe('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a1');
    expect(headerLines(request, 'Route')).toEqual([BEYOND]);
    // For the edge, which takes away what it alone knows.
    expect(headerLines(request, 'Privacy')).toEqual(['id;header;user']);
    expect(request.split(' ', 2)[1]).toBe('sip:bob@10.0.0.2');
  }
  await stage.answer(stage.legs('BYE')[0]!, 200);
  expect(firstHeader(stage.lastTold(), 'From')).toBe(`"Alice" <${ALICE}>;tag=a1`);
});

it('leads what the other side asks to the caller, and hides its answers', async () => {
  const { stage, route, contact } = await inCall();
  await stage.within(`INVITE ${uriIn(contact)}`, [...bobSays(route), 'CSeq: 7 INVITE']);
  expect(stage.leg().split(' ', 2)[1]).toBe(CONTACT);
  await stage.answer(stage.leg(), 200, [`Contact: <${CONTACT}>`, 'Server: Alice phone', `P-Asserted-Identity: <${ALICE}>`]); // prettier-ignore
  expect(stage.lastTold()).not.toMatch(/alice/i);
  expect(uriIn(firstHeader(stage.lastTold(), 'Contact')!)).toContain('sip:anonymous.');
  await stage.within(`ACK ${uriIn(contact)}`, [...bobSays(route), 'CSeq: 7 ACK']);
  expect(stage.legs('ACK').map((ack) => ack.split(' ', 2)[1])).toEqual([CONTACT]);
});

it('knows no other dialogs, and opens no contact that it did not seal', async () => {
  const { stage, route, contact } = await inCall();
  await stage.within('BYE sip:bob@10.0.0.2', [...aliceSays(route).with(2, `From: <${ALICE}>;tag=zz`), 'CSeq: 3 BYE']);
  await stage.within('INFO sip:bob@10.0.0.2', ['Route: <sip:mmtel.ims.test;lr>', ...aliceSays(route).slice(1), 'CSeq: 4 INFO']);
  expect([stage.legs('BYE'), stage.legs('INFO')]).toEqual([[], []]);
  const forged = uriIn(contact).replace(/\.[\w-]{8}/, '.AAAAAAAA');
  await stage.within(`UPDATE ${forged}`, [...bobSays(route), 'CSeq: 8 UPDATE']);
  expect(stage.legs('UPDATE')[0]?.split(' ', 2)[1]).toBe(forged);
}); // prettier-ignore

it('seals with a key of its own: another server’s is opaque, one’s own is not after a restart, and every seal differs', () => {
  const make = (key: number) => new ContactSeal(Buffer.alloc(32, key), 'h:1', createSeededRandom(key));
  const [one, other] = [make(1), make(2)];
  const hidden = uriIn(one.hide(`<${CONTACT}>`));
  expect(one.reveal(hidden)).toBe(CONTACT);
  expect(make(1).reveal(hidden)).toBe(CONTACT);
  expect(other.reveal(hidden)).toBeUndefined();
  expect(uriIn(one.hide(`<${CONTACT}>`))).not.toBe(hidden);
  for (const odd of ['sip:anonymous.@h:1', 'sip:anonymous.AAAA@h:1', 'sip:alice@h:1', 'tel:+1'])
    expect(one.reveal(odd)).toBeUndefined();
  expect(one.hide(`<sip:${'a'.repeat(600)}@h>`)).toBe('<sip:anonymous@h:1;transport=tcp>');
});
