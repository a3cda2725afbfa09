// What somebody would try who wants to break the server of applications: words of the protocol inside SIP, texts that are no URIs, dialogs
// of others, answers too many or too late, ten thousand calls at once. Found by trying; each was a way through before, or is held here.
import fc from 'fast-check';
import { firstHeader } from '#libs/testkit';
import { createStage } from './drachtio-stage.fixture.js';
import { WAITING_MAX } from './drachtio.ports.js';
import { FRAME_BYTES_MAX } from './framing.js';

/** For tests of very many: a busy machine takes its time. */
const MANY_MS_MAX = 60_000;

const answerOf = (transactionId: string, status: number, more = ''): string =>
  `m${status}|sip|${transactionId}|\r\nSIP/2.0 ${status} X\r\n${more}\r\n`;
const inviteOf = (headers: string): string => `x|sip||\r\nINVITE sip:c@ims.test SIP/2.0\r\n${headers}\r\n`;
const proxyOf = (transactionId: string, ...destinations: readonly string[]): string =>
  `p|proxy|${transactionId}||fullResponse|followRedirects|serial|||${destinations.join('|')}\r\nINVITE x SIP/2.0\r\n\r\n`;

const CONTACT = 'Contact: <sip:c@10.9.0.2:5054;transport=tcp>';

const ringing = async (methods: readonly string[] = ['invite']) => {
  const stage = await createStage();
  const app = await stage.attach('demo', methods);
  await stage.request('INVITE');
  return { stage, app, id: app.sip('INVITE')!.fields[8]! };
};
const established = async () => {
  const { stage, app, id } = await ringing();
  const echo = (await app.say(answerOf(id, 200)))!;
  const toTag = /;tag=(\S+)/.exec(firstHeader(stage.leg('SIP/2.0 200'), 'To') ?? '')![1]!;
  return { stage, app, id, dialogId: echo.fields[11]!, toTag };
};

describe('SIP that holds words of the protocol', () => {
  it.each([
    ['a second destination', 'sip:bob@ims.test;x=|sip:premium@elsewhere.test', 'c1'],
    ['a field behind the Call-ID', 'sip:bob@ims.test', 'c1|10.9.0.1|5056'],
  ])('with %s gets 400, and no application sees it', async (_what, uri, call) => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await stage.request('INVITE', [], { call, uri });
    expect([stage.told(), app.sip('INVITE')]).toEqual([[400], undefined]);
  });

  it('is not made by an application either', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    const told = await app.say(inviteOf('Call-ID: a|b\r\n'));
    expect([told?.fields[3], stage.legs('INVITE')]).toEqual(['NOK', []]);
  });
});

describe('a destination', () => {
  it.each(['sip:a b', 'sip:x SIP/2.0', 'foo', 'sip:', 'sip:a@b>', 'sip:a@b\tc', 'sip:a@b\x01', 'sip:%zz@b'])(
    '%j is none: nothing is sent, and the call can still be answered',
    async (destination) => {
      const { stage, app, id } = await ringing();
      const told = await app.say(proxyOf(id, 'sip:bob@ims.test', destination));
      expect(told?.fields.slice(3)).toEqual(['NOK', 'a destination is no URI']);
      expect(stage.legs('INVITE')).toEqual([]);
      expect((await app.say(answerOf(id, 486)))?.fields[3]).toBe('OK');
    },
  );

  it('that sends on to itself ends', async () => {
    const { stage, app, id } = await ringing();
    await app.say(proxyOf(id, 'sip:bob@ims.test'));
    let sent = 0;
    while (stage.legs('INVITE').length > sent) {
      sent = stage.legs('INVITE').length;
      await stage.answer(stage.leg('INVITE'), 302, ['Contact: <sip:bob@ims.test>']);
    }
    expect(sent).toBeLessThanOrEqual(10);
    expect(stage.told()).toEqual([302]);
  });
});

describe('the dialogs of others', () => {
  it('are not taken over by an application that names its own like them', async () => {
    const { stage, app, dialogId } = await established();
    const thief = await stage.attach('other');
    const told = await thief.say(inviteOf('Call-ID: c1\r\nFrom: <sip:b@ims.test>;tag=a1\r\n'));
    expect([told?.fields[3], stage.legs('INVITE')]).toEqual(['NOK', []]);
    const bye = await app.say(`y|sip||${dialogId}\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`);
    expect(bye?.fields[3]).toBe('OK');
  });

  it('are not taken over by a callee that answers after them: it is hung up', async () => {
    const { stage, app, id } = await ringing();
    const thief = await stage.attach('other');
    await thief.say(inviteOf('Call-ID: c1\r\nFrom: <sip:b@ims.test>;tag=a1\r\n'));
    const echo = (await app.say(answerOf(id, 200)))!;
    const leg = stage.leg('INVITE');
    await stage.answer(leg, 180);
    await stage.answer(leg, 200, [CONTACT]);
    expect([stage.legs('ACK').length, stage.legs('BYE').length]).toEqual([1, 1]);
    expect(thief.sip('SIP/2.0 500')).toBeDefined();
    expect(stage.server.dialogs).toBe(1);
    expect((await app.say(`y|sip||${echo.fields[11]}\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`))?.fields[3]).toBe('OK'); // prettier-ignore
  });

  it('are not taken over by the same request on another way: 482 (RFC 3261 §8.2.2.2)', async () => {
    const { stage, app, dialogId, toTag } = await established();
    await stage.request('INVITE', [], { branch: 'another' });
    const second = app.sip('INVITE')!.fields[8]!;
    expect((await app.say(answerOf(second, 200)))?.fields[3]).toBe('NOK');
    expect(stage.told()).toEqual([200, 482]);
    await stage.request('BYE', [], { toTag, cseq: 2 });
    expect(app.sip('BYE')?.fields[9]).toBe(dialogId);
  });

  it('and their transactions answer to nobody else, whatever is asked', async () => {
    const { stage, id, dialogId } = await established();
    await stage.request('INVITE', [], { call: 'c2' });
    const thief = await stage.attach('other');
    const tries = [
      answerOf(id, 200),
      proxyOf(id, 'sip:evil@ims.test'),
      `z|sip|${id}|\r\nCANCEL sip:c@ims.test SIP/2.0\r\n\r\n`,
      `z|sip||${dialogId}\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`,
      `z|sip||${dialogId}\r\nACK sip:placeholder SIP/2.0\r\n\r\n`,
    ];
    for (const message of tries) expect((await thief.say(message))?.fields[3]).toBe('NOK');
    expect([stage.legs('BYE'), stage.legs('INVITE'), stage.told()]).toEqual([[], [], [200]]);
  });
});

describe('answers too many or too late', () => {
  it('are refused: the caller sees one final answer', async () => {
    const { stage, app, id } = await ringing();
    expect((await app.say(answerOf(id, 486)))?.fields[3]).toBe('OK');
    for (const status of [180, 200, 486]) expect((await app.say(answerOf(id, status)))?.fields[3]).toBe('NOK');
    expect((await app.say(proxyOf(id, 'sip:bob@ims.test')))?.fields[3]).toBe('NOK');
    expect(stage.told()).toEqual([486]);
  }); // prettier-ignore

  it('leave nothing of a dialog that had begun when the call was handed back', async () => {
    const { stage, app, id } = await ringing();
    await app.say(answerOf(id, 180));
    expect(stage.server.dialogs).toBe(1);
    await app.say(proxyOf(id, 'sip:bob@ims.test'));
    expect((await app.say(answerOf(id, 200)))?.fields[3]).toBe('NOK');
    await stage.answer(stage.leg('INVITE'), 486);
    expect([stage.told(), stage.server.dialogs]).toEqual([[180, 486], 0]);
  });

  it('lose against a CANCEL, and a CANCEL against them', async () => {
    const cancelled = await ringing();
    await cancelled.stage.request('CANCEL', [], { branch: 'INVITE1c1' });
    expect((await cancelled.app.say(answerOf(cancelled.id, 200)))?.fields[3]).toBe('NOK');
    expect(cancelled.stage.told()).toEqual([200, 487]);
    const { stage, app, toTag } = await established();
    await stage.request('CANCEL', [], { branch: 'INVITE1c1' });
    expect([stage.told(), app.sip('CANCEL')]).toEqual([[200, 200], undefined]);
    await stage.request('BYE', [], { toTag, cseq: 2 });
    expect(app.sip('BYE')).toBeDefined();
  });

  it('of a callee cross an application’s own CANCEL: it has a session to end, once', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    const sent = (await app.say(inviteOf('')))!;
    const id = sent.fields.at(-3)!;
    await stage.answer(stage.leg('INVITE'), 180);
    for (let n = 0; n < 3; n++) await app.say(`c|sip|${id}|\r\nCANCEL sip:c@ims.test SIP/2.0\r\n\r\n`);
    await stage.answer(stage.leg('INVITE'), 200, [CONTACT]);
    expect([stage.legs('CANCEL').length, stage.server.dialogs]).toEqual([1, 1]);
    expect(app.sip('SIP/2.0 200')).toBeDefined();
    await app.die();
    expect([stage.legs('ACK').length, stage.legs('BYE').length, stage.server.dialogs]).toEqual([1, 1, 0]);
  });
});

describe('a subscription', () => {
  const subscribed = async (expires: string) => {
    const stage = await createStage();
    const app = await stage.attach('demo', ['subscribe']);
    await stage.request('SUBSCRIBE', ['Event: x']);
    const echo = (await app.say(answerOf(app.sip('SUBSCRIBE')!.fields[8]!, 200, expires)))!;
    return { stage, app, dialogId: echo.fields[11]! };
  };

  it.each([
    ['Expires: 60\r\n', 92],
    ['', 3_632],
    ['Expires: 99999999999\r\n', 3_632],
    ['Expires: 0\r\n', 32],
  ])('granted with %j is forgotten %s s later', async (expires, seconds) => {
    const { stage } = await subscribed(expires);
    await stage.advance((seconds - 1) * 1_000);
    expect(stage.server.dialogs).toBe(1);
    await stage.advance(1_000);
    expect(stage.server.dialogs).toBe(0);
  });

  it('is forgotten when its NOTIFY says that it is over', async () => {
    const { stage, app, dialogId } = await subscribed('Expires: 600\r\n');
    const notify = async (state: string): Promise<void> => {
      await app.say(`n|sip||${dialogId}\r\nNOTIFY sip:placeholder SIP/2.0\r\nSubscription-State: ${state}\r\nEvent: x\r\n\r\n`); // prettier-ignore
      await stage.answer(stage.leg('NOTIFY'), 200);
    };
    await notify('active;expires=600');
    expect(stage.server.dialogs).toBe(1);
    await notify('terminated;reason=timeout');
    expect(stage.server.dialogs).toBe(0);
  });
});

describe('an application that is refused', () => {
  it('gets no calls from then on, though its connection stays open', async () => {
    const stage = await createStage();
    const app = await stage.attach('demo');
    await app.say('1|dance');
    expect(stage.server.attached).toBe(0);
    await stage.request('INVITE');
    expect([app.sip('INVITE'), stage.told()]).toEqual([undefined, [503]]);
  });

  it('is refused with the wrong secret after the right one, and its calls go on without it', async () => {
    const stage = await createStage({ secret: 'right' });
    const app = await stage.attach('demo');
    await stage.request('INVITE');
    await app.say('1|authenticate|wrong|demo');
    expect([app.closed, stage.server.attached, stage.told()]).toEqual([true, 0, [500]]);
  });
});

describe('ten thousand calls', () => {
  const CALLS = 10_000;

  it(
    'that wait are each answered when their application dies, not all in one turn',
    async () => {
      const stage = await createStage();
      const app = await stage.attach('demo');
      for (let n = 0; n < CALLS; n++) await stage.request('INVITE', [], { call: `c${n}` });
      await app.die();
      const atOnce = stage.told().length;
      expect(atOnce).toBeLessThan(1_000);
      await stage.advance(5_000);
      expect(stage.told()).toHaveLength(CALLS);
      expect(new Set(stage.told())).toEqual(new Set([500]));
      await stage.attach('demo');
      await stage.request('INVITE', [], { call: 'next' });
      expect(stage.told()).toHaveLength(CALLS);
    },
    MANY_MS_MAX,
  );

  it(
    'of an application that never answers end by themselves, and leave room for others',
    async () => {
      const stage = await createStage();
      const app = await stage.attach('demo', ['message']);
      for (let n = 0; n < WAITING_MAX; n++) await stage.request('MESSAGE', [], { call: `c${n}` });
      await stage.request('MESSAGE', [], { call: 'one-more' });
      expect(stage.told()).toEqual([503]);
      // Whoever sent them has given up by then: nobody is told (RFC 4320 §4.2).
      await stage.advance(32_000);
      await stage.request('MESSAGE', [], { call: 'after' });
      expect(firstHeader(app.said.at(-1)!.text, 'Call-ID')).toBe('after');
    },
    MANY_MS_MAX,
  );

  it(
    'cannot be made of one dialog: its requests wait within the bound',
    async () => {
      const { stage, app, toTag } = await established();
      for (let n = 0; n <= WAITING_MAX; n++) await stage.request('INFO', [], { toTag, cseq: n + 2 });
      expect(stage.told()).toEqual([200, 500]);
      expect(app.said.filter(({ text }) => text.startsWith('INFO'))).toHaveLength(WAITING_MAX);
    },
    MANY_MS_MAX,
  );
});

it(
  'whatever bytes come after the secret, other applications and their calls go on',
  async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('5#', '131072#', '99999999#', '0#', '-1#', '#', '|', '\r\n', '7|proxy|', '8|sip||'),
      fc.constantFrom('authenticate', 'route', 'ping', 'sip', 'proxy').map((type) => `9#a|${type}|x`),
    );
    const { stage, app } = await established();
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const other = await stage.attach('other');
        for (const bytes of pieces) other.receive(bytes);
        await other.die();
        await stage.advance(100);
        expect((await app.say('1|ping'))?.fields[4]).toBe('pong');
        expect([stage.server.attached, stage.server.dialogs]).toEqual([1, 1]);
      }),
      { numRuns: 40 },
    );
  },
  MANY_MS_MAX,
);

it('a length is believed up to the bound alone', async () => {
  const stage = await createStage();
  const app = await stage.attach('demo');
  app.receive(`${FRAME_BYTES_MAX + 1}#`);
  expect([app.closed, stage.server.attached]).toEqual([true, 0]);
});
