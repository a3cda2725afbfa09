import type { Binding } from '#libs/domain';
import { parseMessage, type SipMessage } from '#libs/sip';
import { PREFERENCES_MAX, ringingPlan } from './ringing-plan.js';
import type { Target } from './targets.js';

const target = (
  contact: string,
  { q = 1, params = '' }: Partial<Pick<Binding, 'q' | 'params'>> = {},
): Target => ({
  binding: {
    bindingId: contact,
    contact,
    params,
    q,
    callId: 'c',
    cseq: 1,
    expiresAtMs: 300_000,
    grantedS: 300,
    path: [],
    impi: 'bob@ims.test',
    impu: 'sip:bob@ims.test',
    identities: ['sip:bob@ims.test'],
  },
  others: [],
});

const request = (headers: readonly string[] = [], method = 'INVITE'): SipMessage => {
  const lines = [
    `${method} sip:bob@ims.test SIP/2.0`,
    'Via: SIP/2.0/TCP h;branch=z9hG4bK1',
    'From: <sip:alice@ims.test>;tag=1',
    'To: <sip:bob@ims.test>',
    'Call-ID: 1',
    `CSeq: 1 ${method}`,
    ...headers,
  ];
  const parsed = parseMessage(`${lines.join('\r\n')}\r\n\r\n`);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

const planOf = (targets: readonly Target[], headers: readonly string[] = [], method = 'INVITE'): string =>
  ringingPlan(request(headers, method), targets)
    .groups.map((group) => group.map(({ binding: { contact } }) => contact).join('+'))
    .join(', then ');

const DESK = target('desk', { params: ';+sip.instance="<urn:uuid:1>";audio;mobility="fixed"' });
const MOBILE = target('mobile', { params: ';audio;video;mobility="mobile";methods="INVITE,BYE"' });
const PLAIN = target('plain');

describe('who rings, and when', () => {
  it('is the only device, as it is', () => {
    const targets = [DESK];
    expect(ringingPlan(request(), targets)).toEqual({ groups: [targets], cancels: true });
    expect(ringingPlan(request(), targets).groups[0]).toBe(targets);
  });

  it('are all of one q together', () => expect(planOf([DESK, PLAIN])).toBe('desk+plain'));

  it('goes by q from the highest on', () =>
    expect(
      planOf([target('a'), target('b', { q: 0.5 }), target('c', { q: 0.5 }), target('d', { q: 0 })]),
    ).toBe('a, then b+c, then d'));

  it.each([
    [['Request-Disposition: parallel'], 'a+b'],
    [['Request-Disposition: sequential'], 'a, then b'],
    [['d: no-fork'], 'a'],
    [['Request-Disposition: proxy', 'Request-Disposition: no-fork'], 'a'],
  ])('goes by what the caller says of it: %j', (headers, expected) =>
    expect(planOf([target('a'), target('b', { q: 0.5 })], headers)).toBe(expected),
  );

  it('lets the others ring on where the caller says so', () => {
    const headers = ['Request-Disposition: no-cancel'];
    expect(ringingPlan(request(headers), [DESK, MOBILE]).cancels).toBe(false);
    expect(ringingPlan(request(), [DESK, MOBILE]).cancels).toBe(true);
  });

  it.each([
    [['Accept-Contact: *;mobility="mobile";require'], 'mobile+plain'],
    [['Accept-Contact: *;video;require'], 'mobile+plain+desk'],
    [['Accept-Contact: *;video;require;explicit'], 'mobile+plain'],
    [['Reject-Contact: *;mobility=mobile;video'], 'desk+plain'],
    [['a: *;audio;require, *;mobility="fixed";require'], 'desk+plain'],
    [['j: *;audio', 'Request-Disposition: parallel'], 'plain'],
  ])('is whom the caller wants: %j', (headers, expected) => {
    const [expectedSet, actual] = [expected, planOf([DESK, MOBILE, PLAIN], headers)];
    expect(actual.split('+').toSorted()).toEqual(expectedSet.split('+').toSorted());
  });

  it('is also the only device only if the caller wants it', () => {
    expect(planOf([DESK], ['Accept-Contact: *;video;require;explicit'])).toBe('');
    expect(planOf([PLAIN], ['Accept-Contact: *;video;require;explicit'])).toBe('plain');
  });

  it('is who is wanted most first, where one rings after the other', () => {
    const headers = ['Accept-Contact: *;video', 'Request-Disposition: sequential'];
    expect(planOf([DESK, MOBILE], headers)).toBe('mobile, then desk');
    expect(planOf([DESK, MOBILE], [headers[0]!, 'Request-Disposition: no-fork'])).toBe('mobile');
  });

  it('is who knows the method, unless nobody says so', () => {
    expect(planOf([DESK, MOBILE], [], 'MESSAGE')).toBe('desk');
    expect(planOf([MOBILE, target('other', { params: ';methods="INVITE"' })], [], 'MESSAGE')).toBe(
      'mobile+other',
    );
    expect(planOf([DESK, MOBILE], ['Event: dialog;id=1'], 'SUBSCRIBE')).toBe('desk');
    // Of a stated wish nothing is implied.
    expect(planOf([DESK, MOBILE], ['Accept-Contact: *;audio'], 'MESSAGE')).toBe('desk+mobile');
  });

  it('is who knows the event package of a subscription', () => {
    const events = (name: string) => target(name, { params: `;events="${name}"` });
    expect(planOf([events('dialog'), events('presence')], ['o: presence;id=4'], 'SUBSCRIBE')).toBe(
      'presence',
    );
  });

  it(`heeds ${PREFERENCES_MAX} values, and takes what cannot be read for no wish`, () => {
    const many = Array.from({ length: PREFERENCES_MAX }, () => '*;audio').join();
    expect(planOf([DESK], [`Accept-Contact: ${many}, *;video;require;explicit`])).toBe('desk');
    expect(planOf([DESK], ['Accept-Contact: ;;;="",,*;mobility='])).toBe('desk');
    expect(planOf([DESK], ['Reject-Contact: ;;;="",,'])).toBe('desk');
  });
});
