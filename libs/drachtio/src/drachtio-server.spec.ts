// The control protocol as the protocol's users see it, and where it goes beyond the original (docs/application-servers.md).
import { firstHeader, headerLines } from '#libs/testkit';
import { AUTHENTICATE_MS_MAX } from './application.js';
import { createStage, ODI } from './drachtio-stage.fixture.js';
import { APPLICATION_GONE } from './incoming.js';

const SDP = 'v=0\r\n';
const answerOf = (transactionId: string, status: number, more = ''): string =>
  `m${status}|sip|${transactionId}|\r\nSIP/2.0 ${status} X\r\n${more}\r\n`;

/** A call that an application has answered, with its dialog's id. */
const established = async () => {
  const stage = await createStage();
  const app = await stage.attach('demo', ['invite']);
  await stage.request('INVITE');
  const invite = app.sip('INVITE')!;
  const echo = (await app.say(answerOf(invite.fields[8]!, 200)))!;
  const toTag = /;tag=(\S+)/.exec(firstHeader(stage.leg('SIP/2.0 200'), 'To') ?? '')![1]!;
  return { stage, app, dialogId: echo.fields[11]!, toTag };
};

describe('who attaches', () => {
  it('is told where requests come from, and shares what it takes', async () => {
    const stage = await createStage({ secret: 'right' });
    const app = stage.connect();
    expect((await app.say('1|authenticate|right|demo'))?.fields.slice(3)).toEqual([
      'OK', 'tcp/10.9.0.1:5056', 'v0.9.10', 'tcp/10.9.0.1:5056',
    ]); // prettier-ignore
    expect((await app.say('2|route|invite'))?.fields.slice(3)).toEqual(['OK']);
    expect((await app.say('3|ping'))?.fields.slice(3)).toEqual(['OK', 'pong']);
    expect(stage.server.attached).toBe(1);
  });

  it.each([
    '1|authenticate|wrong|demo',
    '1|authenticate||',
    '1|route|invite',
    '1|sip|||\r\nOPTIONS sip:a SIP/2.0\r\n\r\n',
  ])('is not listened to after %j', async (message) => {
    const stage = await createStage({ secret: 'right' });
    const app = stage.connect();
    expect((await app.say(message))?.fields[3]).toBe('NO');
    expect(app.closed).toBe(true);
    expect(await app.say('2|authenticate|right|demo')).toBeUndefined();
    expect([stage.server.attached, stage.legs('OPTIONS')]).toEqual([0, []]);
  });

  it('has little time to say who it is', async () => {
    const stage = await createStage();
    const app = stage.connect();
    await stage.advance(AUTHENTICATE_MS_MAX);
    expect(app.closed).toBe(true);
  });

  it('is closed when it speaks another protocol, or asks what there is not', async () => {
    const stage = await createStage();
    const [web, app] = [stage.connect(), await stage.attach('demo')];
    web.receive('GET / HTTP/1.1\r\n\r\n');
    expect(web.closed).toBe(true);
    expect((await app.say('9|dance'))?.fields.slice(3)).toEqual(['NO', 'Unknown message type']);
    expect(app.closed).toBe(true);
  });
});

describe('a new request', () => {
  it('goes in turn to those that have the tag and take the method', async () => {
    const stage = await createStage();
    const apps = [await stage.attach('demo'), await stage.attach('demo'), await stage.attach('other')];
    await stage.attach('demo', ['message']);
    for (const call of ['c1', 'c2', 'c3', 'c4']) await stage.request('INVITE', [], { call });
    expect(apps.map(({ said }) => said.filter(({ fields }) => fields[1] === 'sip').length)).toEqual([
      2, 2, 0,
    ]);
    await stage.request('INVITE', [], { call: 'c5', tag: 'nobody' });
    expect(stage.told()).toEqual([503]);
  });

  it('is told as it came, and where from and to', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await stage.request('INVITE', ['Content-Type: application/sdp'], { body: SDP });
    const { fields, text } = app.sip('INVITE')!;
    expect(fields.slice(1, 7)).toEqual(['sip', 'network', String(text.length), 'tcp', '10.9.0.2', '5054']);
    expect([fields[7], fields.slice(9)]).toEqual(['00:00:00.000000', ['', '10.9.0.1', '5056', '']]);
    expect(text.endsWith(SDP)).toBe(true);
  });

  it('has an answer in the end, whatever becomes of it', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo', ['invite', 'message']);
    await stage.request('MESSAGE');
    await stage.request('INVITE');
    await stage.advance(64_000);
    expect(stage.told()).toContain(408);
    expect((await app.say(answerOf(app.sip('INVITE')!.fields[8]!, 200)))?.fields.slice(3)).toEqual([
      'NOK', 'Response not sent due to unknown transaction',
    ]); // prettier-ignore
  });

  it('that is cancelled is answered here, and the application told', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await stage.request('INVITE', [], { branch: 'x' });
    await stage.request('CANCEL', [], { branch: 'x' });
    expect(stage.told()).toEqual(expect.arrayContaining([200, 487]));
    expect(app.sip('CANCEL')!.fields[8]).toBe(app.sip('INVITE')!.fields[8]);
    expect((await app.say(answerOf(app.sip('INVITE')!.fields[8]!, 487)))?.fields[3]).toBe('NOK');
  });

  it('may be answered with more than the original can take', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo', ['message']);
    await stage.request('MESSAGE', [], { body: 'x'.repeat(40_000) });
    const { fields, text } = app.sip('MESSAGE')!;
    expect(text.length).toBeGreaterThan(40_000);
    await app.say(`1|sip|${fields[8]}|\r\nSIP/2.0 200 OK\r\n\r\n${'y'.repeat(50_000)}`);
    expect(stage.leg('SIP/2.0 200')).toContain('y'.repeat(50_000));
  });
});

describe('an answer', () => {
  it('makes the dialog: Record-Route as it came, a Contact of the node, a tag; and is echoed', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await stage.request('INVITE');
    const transactionId = app.sip('INVITE')!.fields[8]!;
    await app.say(answerOf(transactionId, 180));
    const echo = (await app.say(
      `1|sip|${transactionId}|\r\nSIP/2.0 200 Fine\r\nVia: mine\r\nContact: "App" <sip:app@localhost>;audio\r\nX-A: b\r\n\r\n${SDP}`,
    ))!;
    const sent = stage.leg('SIP/2.0 200');
    expect(echo.fields.slice(3, 6)).toEqual(['OK', 'application', String(sent.length)]);
    expect(echo.fields.slice(10)).toEqual([transactionId, 'c1;from-tag=a1', '', 'Msg sent:', '']);
    expect(echo.text).toBe(sent);
    expect(headerLines(sent, 'Record-Route')).toEqual(['<sip:10.9.0.2:5054;transport=tcp;lr>']);
    expect(headerLines(sent, 'Contact')).toEqual(['<sip:app@10.9.0.1:5056;transport=tcp>;audio']);
    expect(headerLines(sent, 'Via')).toHaveLength(1);
    expect([firstHeader(sent, 'X-A'), firstHeader(sent, 'Content-Type')]).toEqual(['b', 'application/sdp']);
    expect(firstHeader(stage.leg('SIP/2.0 180'), 'To')).toBe(firstHeader(sent, 'To'));
  });

  it('has the tag that the application chose', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await stage.request('INVITE');
    await app.say(answerOf(app.sip('INVITE')!.fields[8]!, 200, 'To: <sip:bob@ims.test>;tag=chosen\r\n'));
    expect(firstHeader(stage.leg('SIP/2.0 200'), 'To')).toBe('<sip:bob@ims.test>;tag=chosen');
  });

  it('of somebody else’s, or of no SIP, is refused', async () => {
    const stage = await createStage();
    const [app, other] = [await stage.attach('demo'), await stage.attach('other')];
    await stage.request('INVITE');
    const transactionId = app.sip('INVITE')!.fields[8]!;
    expect((await other.say(answerOf(transactionId, 200)))?.fields[3]).toBe('NOK');
    expect(
      (await app.say(`1|sip|${transactionId}|\r\nSIP/2.0 200 OK\r\nX: a\nVia: b\r\n\r\n`))?.fields[3],
    ).toBe('NOK');
    expect(stage.told()).toEqual([]);
  });

  it('200 to an INVITE is sent again until its ACK comes, which the application is told once', async () => {
    const { stage, app, toTag, dialogId } = await established();
    await stage.advance(1_600);
    expect(stage.legs('SIP/2.0 200')).toHaveLength(3);
    await stage.request('ACK', [], { toTag });
    await stage.request('ACK', [], { toTag, branch: 'again' });
    await stage.advance(10_000);
    expect(stage.legs('SIP/2.0 200')).toHaveLength(3);
    const acks = app.said.filter(({ text }) => text.startsWith('ACK'));
    expect(acks.map(({ fields }) => fields[9])).toEqual([dialogId]);
  });

  it('that nobody acknowledges ends with a BYE, which the application is told', async () => {
    const { stage, app, dialogId } = await established();
    await stage.advance(32_000);
    expect(stage.leg('BYE')).toContain('No ACK');
    expect(app.sip('BYE')!.fields.slice(2, 3)).toEqual(['application']);
    expect(app.sip('BYE')!.fields.slice(8, 10)).toEqual(['unsolicited', dialogId]);
    expect(stage.server.dialogs).toBe(0);
  });

  it('that is reliable is sent again until its PRACK comes; another PRACK gets 481', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await stage.request('INVITE');
    await app.say(answerOf(app.sip('INVITE')!.fields[8]!, 183, 'Require: 100rel\r\n'));
    const sent = stage.leg('SIP/2.0 183');
    const toTag = /;tag=(\S+)/.exec(firstHeader(sent, 'To') ?? '')![1]!;
    expect(firstHeader(sent, 'RSeq')).toBe('1');
    await stage.advance(600);
    expect(stage.legs('SIP/2.0 183')).toHaveLength(2);
    await stage.request('PRACK', ['RAck: 7 1 INVITE'], { toTag, cseq: 2 });
    expect(stage.told().at(-1)).toBe(481);
    await stage.request('PRACK', ['RAck: 1 1 INVITE'], { toTag, cseq: 3 });
    expect(app.sip('PRACK')!.fields[9]).toBe('c1;from-tag=a1');
    await stage.advance(5_000);
    expect(stage.legs('SIP/2.0 183')).toHaveLength(2);
  });
});

describe('in a dialog', () => {
  it('requests come to whose it is, in their order, and end it', async () => {
    const { stage, app, toTag, dialogId } = await established();
    await stage.attach('demo');
    await stage.request('ACK', [], { toTag });
    await stage.request('INFO', [], { toTag, cseq: 5 });
    expect(app.sip('INFO')!.fields.slice(9)).toEqual([dialogId, '']);
    await stage.request('INFO', [], { toTag, cseq: 4 });
    expect(stage.told().at(-1)).toBe(500);
    await stage.request('BYE', [], { toTag, cseq: 6 });
    await app.say(answerOf(app.sip('BYE')!.fields[8]!, 200));
    expect([stage.told().at(-1), stage.server.dialogs]).toEqual([200, 0]);
    await stage.request('INFO', [], { toTag, cseq: 7 });
    expect(stage.told().at(-1)).toBe(481);
  });

  it('of other tags nothing comes', async () => {
    const { stage, app } = await established();
    await stage.request('BYE', [], { toTag: 'guessed', cseq: 2 });
    expect([stage.told().at(-1), app.sip('BYE')]).toEqual([481, undefined]);
  });

  it('requests go along its Route to the contact, numbered', async () => {
    const { stage, app, dialogId, toTag } = await established();
    await stage.request('ACK', [], { toTag });
    const echo = await app.say(`1|sip||${dialogId}\r\nINFO sip:placeholder SIP/2.0\r\nX-A: b\r\n\r\n`);
    const info = stage.leg('INFO');
    expect(info.slice(0, info.indexOf('\r\n'))).toBe('INFO sip:alice@10.0.0.1:5060 SIP/2.0');
    expect(headerLines(info, 'Route')).toEqual(['<sip:10.9.0.2:5054;transport=tcp;lr>']);
    expect([firstHeader(info, 'CSeq'), firstHeader(info, 'X-A')]).toEqual(['1 INFO', 'b']);
    expect(echo!.fields.slice(11)).toEqual(['Msg sent:', '']);
    await stage.answer(info, 200);
    expect(app.sip('SIP/2.0 200')!.fields[8]).toBe(echo!.fields[10]);
    await app.say(`2|sip||${dialogId}\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`);
    expect(firstHeader(stage.leg('BYE'), 'CSeq')).toBe('2 BYE');
    await stage.answer(stage.leg('BYE'), 200);
    expect(stage.server.dialogs).toBe(0);
    const late = await app.say(`3|sip||${dialogId}\r\nINFO sip:placeholder SIP/2.0\r\n\r\n`);
    expect(late?.fields.slice(3)).toEqual(['NOK', 'unable to find dialog for dialog id provided']);
  });
});

describe('a request of the application’s own', () => {
  const invite = `1|sip||\r\nINVITE sip:bob@ims.test SIP/2.0\r\nfrom: sip:alice@localhost\r\nroute: <sip:demo@drachtio.ims.test;lr>,<${ODI}>\r\n\r\n${SDP}`;

  it('is made whole, goes by the Route that it copied, and begins a dialog', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    const echo = (await app.say(invite))!;
    const sent = stage.leg('INVITE');
    expect(headerLines(sent, 'Route')).toEqual([`<${ODI}>`]);
    expect(firstHeader(sent, 'From')).toMatch(/^sip:alice@ims\.test;tag=\w+$/);
    expect(firstHeader(sent, 'Contact')).toBe('<sip:alice@10.9.0.1:5056;transport=tcp>');
    await stage.answer(sent, 180);
    await stage.answer(sent, 200, ['Contact: <sip:bob@10.9.0.2:5054;transport=tcp>']);
    const answered = app.sip('SIP/2.0 200')!;
    expect(answered.fields[8]).toBe(echo.fields[10]);
    expect(answered.fields[9]).toBe(
      `${firstHeader(sent, 'Call-ID')};from-tag=${firstHeader(sent, 'From')!.split(';tag=')[1]}`,
    );
    await app.say(`2|sip||${answered.fields[9]}\r\nACK sip:x SIP/2.0\r\n\r\n`);
    expect(stage.leg('ACK').startsWith('ACK sip:bob@10.9.0.2:5054;transport=tcp SIP/2.0')).toBe(true);
    // A 2xx that comes again is acknowledged without the application, another callee's is hung up.
    await stage.answer(sent, 200, ['Contact: <sip:bob@10.9.0.2:5054;transport=tcp>']);
    expect(stage.legs('ACK')).toHaveLength(2);
    await stage.answer(sent, 200, ['Contact: <sip:bob3@10.9.0.2:5054;transport=tcp>'], 'b2');
    expect(stage.leg('BYE').startsWith('BYE sip:bob3@10.9.0.2:5054;transport=tcp ')).toBe(true);
    expect(app.said.filter(({ text }) => text.startsWith('SIP/2.0 200'))).toHaveLength(1);
  });

  it('is cancelled', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    const transactionId = (await app.say(invite))!.fields[10]!;
    await stage.answer(stage.leg('INVITE'), 180);
    const echo = await app.say(`2|sip|${transactionId}|\r\nCANCEL sip:bob@ims.test SIP/2.0\r\n\r\n`);
    expect(echo?.fields[3]).toBe('OK');
    expect(firstHeader(stage.leg('CANCEL'), 'CSeq')).toBe('1 CANCEL');
    await stage.answer(stage.leg('INVITE'), 487);
    expect(app.sip('SIP/2.0 487')!.fields[8]).toBe(transactionId);
    expect(stage.server.dialogs).toBe(0);
    const late = await app.say(`3|sip|${transactionId}|\r\nCANCEL sip:bob@ims.test SIP/2.0\r\n\r\n`);
    expect(late?.fields[3]).toBe('NOK');
  });

  it('that nobody answers is answered 408', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await app.say(`1|sip||\r\nOPTIONS sip:bob@ims.test SIP/2.0\r\n\r\n`);
    await stage.advance(32_500);
    expect(app.sip('SIP/2.0 408')).toBeDefined();
  });

  it('that is no SIP is refused', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    for (const text of ['INVITE sip:a SIP/2.0\r\nCSeq: 1 BYE\r\nFrom: <\r\n\r\n', 'hello'])
      expect((await app.say(`1|sip||\r\n${text}`))?.fields[3]).toBe('NOK');
    expect(stage.legs('INVITE')).toEqual([]);
  });
});

describe('an application that dies', () => {
  it('leaves calls that it has not answered to who sent them, and takes back what it had begun', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await stage.request('INVITE');
    await app.say(`1|sip||\r\nINVITE sip:bob@ims.test SIP/2.0\r\nRoute: <${ODI}>\r\n\r\n`);
    const own = stage.leg('INVITE');
    await stage.answer(own, 180);
    await app.die();
    expect(stage.legs('CANCEL')).toHaveLength(1);
    expect(stage.told()).toEqual([]);
    await stage.answer(own, 487);
    expect([stage.told(), firstHeader(stage.leg('SIP/2.0 500'), 'Reason')]).toEqual([
      [500],
      APPLICATION_GONE,
    ]);
  });

  it('does not wait for who does not answer', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await stage.request('INVITE');
    await app.say(`1|sip||\r\nINVITE sip:bob@ims.test SIP/2.0\r\nRoute: <${ODI}>\r\n\r\n`);
    await app.die();
    await stage.advance(1_000);
    expect(stage.told()).toEqual([500]);
    // Who answers late has a session with nobody.
    await stage.answer(stage.leg('INVITE'), 200, ['Contact: <sip:bob@10.9.0.2:5054;transport=tcp>']);
    expect([stage.legs('ACK').length, stage.legs('BYE').length]).toEqual([1, 1]);
  });

  it('says so of a call that rings, and hangs up what is established', async () => {
    const { stage, app, toTag } = await established();
    await stage.request('ACK', [], { toTag });
    await stage.request('INVITE', [], { call: 'c2' });
    await app.say(answerOf(app.sip('INVITE')!.fields[8]!, 180));
    await app.die();
    expect(firstHeader(stage.leg('SIP/2.0 500'), 'Reason')).toBeUndefined();
    expect(stage.leg('SIP/2.0 500')).toContain('Call-ID: c2');
    expect(firstHeader(stage.leg('BYE'), 'Call-ID')).toBe('c1');
    expect([stage.server.dialogs, stage.server.attached]).toEqual([0, 0]);
  });

  it('waits with a BYE for the ACK (RFC 3261 §15)', async () => {
    const { stage, app, toTag } = await established();
    await app.die();
    expect(stage.legs('BYE')).toEqual([]);
    await stage.request('ACK', [], { toTag });
    expect(stage.legs('BYE')).toHaveLength(1);
  });
});
