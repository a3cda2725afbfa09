import { firstHeader, headerLines } from '#libs/testkit';
import { createStage, ODI } from './drachtio-stage.fixture.js';

const asked = async (leader: string, lines = '') => {
  const stage = await createStage();
  const app = await stage.attach('demo');
  await stage.request('INVITE');
  const transactionId = app.sip('INVITE')!.fields[8]!;
  const answers = () => app.said.filter(({ fields }) => fields[1] === 'response' && fields[2] === 'p');
  await app.say(`p|proxy|${transactionId}|${leader}\r\nINVITE sip:bob@ims.test SIP/2.0\r\n${lines}\r\n`);
  return {
    stage,
    app,
    transactionId,
    answers,
    ends: () => answers().map(({ fields }) => fields[12] ?? fields[4] ?? fields[3]),
  };
};

it('sends a request on by the Route that it came with, and tells how it ended', async () => {
  const { stage, app, transactionId, answers, ends } = await asked(
    '|fullResponse||serial|||sip:bob@ims.test',
    'X-A: b\r\n',
  );
  const sent = stage.leg('INVITE');
  expect(headerLines(sent, 'Route')).toEqual([`<${ODI}>`]);
  expect([firstHeader(sent, 'X-A'), firstHeader(sent, 'Max-Forwards')]).toEqual(['b', '59']);
  expect(headerLines(sent, 'Record-Route')).toHaveLength(1);
  await stage.answer(sent, 180);
  await stage.answer(sent, 200);
  expect([stage.told(), ends()]).toEqual([
    [180, 200],
    ['continue', 'done'],
  ]);
  expect(answers()[0]!.text.startsWith('SIP/2.0 200 ')).toBe(true);
  const late = await app.say(`l|sip|${transactionId}|\r\nSIP/2.0 486 Busy\r\n\r\n`);
  expect(late?.fields[3]).toBe('NOK');
});

it('tries one destination after the other', async () => {
  const { stage, ends } = await asked('|fullResponse||serial|||sip:b1@ims.test|sip:b2@ims.test');
  expect(stage.legs('INVITE')).toHaveLength(1);
  await stage.answer(stage.leg('INVITE'), 486);
  expect(stage.leg('INVITE').startsWith('INVITE sip:b2@ims.test ')).toBe(true);
  await stage.answer(stage.leg('INVITE'), 404);
  expect([stage.told(), ends()]).toEqual([[404], ['continue', 'continue', 'done']]);
});

it('goes on to the next when one is silent for too long', async () => {
  const { stage } = await asked('|fullResponse||serial|1s||sip:b1@ims.test|sip:b2@ims.test');
  await stage.advance(1_100);
  expect(stage.legs('INVITE')).toHaveLength(2);
  await stage.answer(stage.leg('INVITE'), 200);
  expect(stage.told()).toEqual([200]);
});

it('tries all at once', async () => {
  const { stage } = await asked('|fullResponse||simultaneous|||sip:b1@ims.test|sip:b2@ims.test');
  const [one, two] = stage.legs('INVITE');
  await stage.answer(one!, 180);
  await stage.answer(two!, 200);
  expect(headerLines(stage.leg('CANCEL'), 'Call-ID')).toEqual(['c1']);
});

it('follows a redirection where asked', async () => {
  const { stage } = await asked('||followRedirects|serial|||sip:b1@ims.test');
  await stage.answer(stage.leg('INVITE'), 302, ['Contact: <sip:b3@ims.test>']);
  expect(stage.leg('INVITE').startsWith('INVITE sip:b3@ims.test ')).toBe(true);
});

it('goes on when the application is gone, and passes what its dialog brings', async () => {
  const { stage, app } = await asked('remainInDialog|fullResponse||serial|||sip:bob@ims.test');
  const sent = stage.leg('INVITE');
  expect(headerLines(sent, 'Record-Route')[0]).toBe('<sip:proxy@10.9.0.1:5056;transport=tcp;lr>');
  await app.die();
  await stage.answer(sent, 200);
  expect(stage.told()).toEqual([200]);
  await stage.request('BYE', ['Route: <sip:proxy@10.9.0.1:5056;transport=tcp;lr>', `Route: <${ODI}>`], {
    toTag: 'b1',
    cseq: 2,
  });
  expect(headerLines(stage.leg('BYE'), 'Route')).toEqual([`<${ODI}>`]);
});

it('is cancelled with its caller', async () => {
  const { stage, ends } = await asked('|fullResponse||serial|||sip:bob@ims.test|sip:b2@ims.test');
  await stage.answer(stage.leg('INVITE'), 180);
  await stage.request('CANCEL', [], { branch: 'INVITE1c1' });
  await stage.answer(stage.legs('INVITE')[0]!, 487);
  expect(stage.legs('INVITE')).toHaveLength(1);
  expect(ends().at(-1)).toBe('done');
});
