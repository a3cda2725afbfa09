import { Edits, H, parseMessage, type SipMessage, values } from '#libs/sip';
import { SessionTiming } from './session-timing.js';

const POLICY = { targetS: 600, minS: 90 };

const parse = (startLine: string, headers: readonly string[], method: string): SipMessage => {
  const common = [
    'Via: SIP/2.0/TCP h;branch=z9hG4bK1',
    'From: <sip:a@x>;tag=1',
    'To: <sip:b@x>',
    'Call-ID: 1',
  ];
  const parsed = parseMessage(
    `${[startLine, ...common, `CSeq: 1 ${method}`, ...headers].join('\r\n')}\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

const request = (headers: readonly string[], method = 'INVITE'): SipMessage =>
  parse(`${method} sip:b@x SIP/2.0`, headers, method);
const answer = (headers: readonly string[], status = 200): SipMessage =>
  parse(`SIP/2.0 ${status} Said`, headers, 'INVITE');

const timingOf = (headers: readonly string[]): SessionTiming => {
  const timing = SessionTiming.of(request(headers), POLICY);
  if (timing?.kind !== 'forward') throw new Error('no timing');
  return timing;
};

const sent = (headers: readonly string[]): readonly (string | undefined)[] => {
  const edits = new Edits(request(headers));
  timingOf(headers).writeTo(edits);
  const parsed = parseMessage(edits.render());
  if (!parsed.ok) throw new Error(parsed.reason);
  return [parsed.message.header(H.SessionExpires), parsed.message.header(H.MinSe)];
};

const KNOWS = 'Supported: 100rel, timer';

describe('a request (RFC 4028 §8.1)', () => {
  it.each([
    [[], ['600', undefined]],
    [[KNOWS], ['600', undefined]],
    [
      [KNOWS, 'Session-Expires: 1800;refresher=uac;x=y'],
      ['600;refresher=uac;x=y', undefined],
    ],
    [
      [KNOWS, 'x: 300 ;refresher=uas'],
      ['300 ;refresher=uas', undefined],
    ],
    [
      [KNOWS, 'Session-Expires: 1800', 'Min-SE: 900'],
      ['900', '900'],
    ],
    [['Session-Expires: 60;refresher=uas'], ['90;refresher=uas', undefined]],
  ])('%j goes on with %j', (headers, expected) => expect(sent(headers)).toEqual(expected));

  it('too often is to be refused', () => {
    const asked = request([KNOWS, 'Session-Expires: 89']);
    expect(SessionTiming.of(asked, POLICY)).toEqual({ kind: 'too-small', minS: 90 });
  });

  it.each(['MESSAGE', 'BYE', 'SUBSCRIBE'])('%s has no timer', (method) =>
    expect(SessionTiming.of(request([KNOWS], method), POLICY)).toBeUndefined(),
  );

  it('has none where nobody here asks for one, and where its own cannot be read', () => {
    expect(SessionTiming.of(request([KNOWS]), { targetS: 0, minS: 90 })).toBeUndefined();
    expect(SessionTiming.of(request(['Session-Expires: soon']), POLICY)).toBeUndefined();
  });
});

describe('its answer (RFC 4028 §8.2)', () => {
  const back = (asked: readonly string[], answered: SipMessage) => {
    const edits = new Edits(answered);
    const timing = timingOf(asked);
    timing.response(answered, edits);
    const parsed = parseMessage(edits.render());
    if (!parsed.ok) throw new Error(parsed.reason);
    const { message } = parsed;
    return {
      expires: message.header(H.SessionExpires),
      require: values(message, H.Require),
      interval: timing.intervalOf(answered),
    };
  };
  const AS_IT_IS = { expires: undefined, require: [], interval: undefined };

  it('tells a caller who knows timers to refresh for a callee who does not', () => {
    const told = { expires: '600;refresher=uac', require: ['timer'], interval: 600 };
    expect(back([KNOWS], answer([]))).toEqual(told);
    expect(back([KNOWS], answer(['Require: 100rel']))).toEqual({ ...told, require: ['100rel', 'timer'] });
    expect(back([KNOWS], answer(['Require: timer']))).toEqual(told);
  });

  it('is left alone where the callee knows timers', () =>
    expect(back([KNOWS], answer(['Session-Expires: 300;refresher=uas']))).toEqual({
      expires: '300;refresher=uas',
      require: [],
      interval: 300,
    }));

  it('is left alone where neither knows them: the session lives without', () =>
    expect(back([], answer([]))).toEqual(AS_IT_IS));

  it.each([180, 486])('%d is none of its business', (status) =>
    expect(back([KNOWS], answer([], status))).toMatchObject({ expires: undefined, require: [] }),
  );
});
