// Privacy: given what caller and callee have set, when a request or answer says this, then so much of them is seen.
import {
  hideCallee,
  hidingLevels,
  privacyOf,
  restrictedCallee,
  restrictedCaller,
  shownToCallee,
} from './privacy.js';

const RESTRICTED = { active: true, restricted: true };
const SHOWN = { active: true, restricted: false };

it('reads priv-values over lines, whatever stands between them', () => {
  expect([...privacyOf(['ID; Header', ' user,critical '])]).toEqual(['id', 'header', 'user', 'critical']);
});

it.each([
  ['no service', undefined, '', undefined],
  ['inactive', { active: false, restricted: true }, '', undefined],
  ['restricted', RESTRICTED, '', 'id;header;user'],
  ['restricted, shown this once', RESTRICTED, 'none', undefined],
  ['restricted, asked for critically', RESTRICTED, 'critical', 'critical;id;header;user'],
  ['restricted, all asked for already', RESTRICTED, 'user;header;id', undefined],
  ['shown', SHOWN, '', undefined],
  ['shown, hidden this once', SHOWN, 'id', 'id;user'],
  ['shown, headers hidden this once', SHOWN, 'header', 'header;user'],
])('OIR: %s', (_name, service, privacy, expected) => {
  expect(restrictedCaller(service, privacyOf([privacy]))).toBe(expected);
});

it.each([
  ['', []],
  ['none', []],
  ['none;id', []],
  ['critical', []],
  ['user;id', ['id', 'user']],
  ['session;critical', ['session']],
])('keeps the name of a caller with Privacy: %s by %j', (privacy, levels) => {
  expect(hidingLevels(privacyOf([privacy]))).toEqual(levels);
});

describe('what the callee sees', () => {
  const shown = (privacy: string, oip?: boolean) =>
    shownToCallee(privacyOf([privacy]), oip === undefined ? {} : { originatingIdentityPresentation: oip });

  it.each([
    ['', false, false, []],
    ['none', false, false, []],
    ['id', false, true, []],
    ['header', false, true, ['Call-Info', 'Server', 'Organization']],
    ['user', true, true, ['Subject', 'Call-Info', 'Organization', 'User-Agent', 'Reply-To', 'In-Reply-To']],
    ['session', false, false, []],
    ['id;critical', false, true, []],
    ['none;id', false, false, []],
  ] as const)('of "%s"', (privacy, anonymousFrom, hideAsserted, remove) => {
    expect(shown(privacy)).toEqual({ anonymousFrom, hideAsserted, remove });
  });

  it('is nothing where session privacy is critical: it cannot be given', () => {
    expect(shown('session;critical')).toBeUndefined();
    expect(shown('none;session;critical')).toBeDefined();
  });

  it('never has asserted identities when presentation is not the user’s', () => {
    expect(shown('', false)?.hideAsserted).toBe(true);
    expect(shown('none', false)?.hideAsserted).toBe(true);
    expect(shown('', true)?.hideAsserted).toBe(false);
  });
});

it.each([
  [undefined, '', undefined],
  [RESTRICTED, '', 'id'],
  [RESTRICTED, 'none', undefined],
  [RESTRICTED, 'id', undefined],
  [RESTRICTED, 'user', 'user;id'],
  [SHOWN, '', undefined],
])('TIR %j with "%s" answers with Privacy %s', (service, privacy, expected) => {
  expect(restrictedCallee(service, privacyOf([privacy]))).toBe(expected);
});

it('TIP: hides who answered when asked to, or when presentation is not the caller’s', () => {
  expect(hideCallee(privacyOf(['id']), {})).toBe(true);
  expect(hideCallee(privacyOf(['']), {})).toBe(false);
  expect(hideCallee(privacyOf(['none']), { terminatingIdentityPresentation: false })).toBe(true);
});
