// History-Info and Diversion along a chain of diversions, and where the chain ends.
import { causeOf } from './diversion.js';
import { divert, DIVERSIONS_MAX, diversionsSoFar, mayDivert, type Trail } from './diversion-trail.js';
import type { CallOutcome } from './simservs.js';

const NONE: Trail = { historyInfo: [], diversion: [] };
const step = (trail: Trail, from: string, target: string, outcome?: CallOutcome, status?: number, secret = false) =>
  divert(trail, { from, target, cause: causeOf(outcome), secret, ...(status === undefined ? {} : { status }) }); // prettier-ignore
const after = (trail: Trail, { historyInfo, diversion }: ReturnType<typeof step>): Trail => ({
  historyInfo,
  diversion: [diversion, ...trail.diversion],
});

it('begins a history with who diverts, and why', () => {
  expect(step(NONE, 'sip:bob@ims.test', 'sip:vm@ims.test', 'busy', 486)).toEqual({
    requestUri: 'sip:vm@ims.test;cause=486',
    historyInfo: [
      '<sip:bob@ims.test?Reason=SIP%3Bcause%3D486>;index=1',
      '<sip:vm@ims.test;cause=486>;index=1.1;mp=1',
    ],
    diversion: '<sip:bob@ims.test>;reason=user-busy;counter=1',
  });
});

it('goes on with a history, whatever scheme its last entry is written in', () => {
  const first = after(NONE, step(NONE, 'sip:bob@ims.test', 'sip:+15551234@ims.test;user=phone'));
  const second = step(first, 'tel:+1-555-1234', 'sip:vm@ims.test', 'no-answer', 408);
  expect(second.historyInfo).toEqual([
    '<sip:bob@ims.test>;index=1',
    '<sip:+15551234@ims.test;user=phone;cause=302?Reason=SIP%3Bcause%3D408>;index=1.1;mp=1',
    '<sip:vm@ims.test;cause=408>;index=1.1.1;mp=1.1',
  ]);
  expect(second.diversion).toBe('<tel:+1-555-1234>;reason=no-answer;counter=1');
});

it('adds who diverts below the last entry when that is somebody else', () => {
  const trail: Trail = { historyInfo: ['<sip:alias@ims.test>;index=1'], diversion: [] };
  expect(step(trail, 'sip:bob@ims.test', 'tel:+15550000').historyInfo).toEqual([
    '<sip:alias@ims.test>;index=1',
    '<sip:bob@ims.test>;index=1.1',
    '<tel:+15550000>;index=1.1.1;mp=1.1',
  ]);
});

it('hides who does not want to be seen, and still counts', () => {
  const first = step(NONE, 'sip:bob@ims.test', 'sip:carol@ims.test', 'busy', 486, true);
  expect(first.historyInfo).toEqual([
    '<sip:anonymous@anonymous.invalid>;index=1',
    '<sip:carol@ims.test;cause=486>;index=1.1;mp=1',
  ]);
  expect(first.diversion).toBe('<sip:anonymous@anonymous.invalid>;reason=user-busy;counter=1;privacy=full');
  const second = step(
    after(NONE, first),
    'sip:carol@ims.test',
    'sip:vm@ims.test',
    undefined,
    undefined,
    true,
  );
  expect(second.historyInfo[1]).toBe('<sip:anonymous@anonymous.invalid>;index=1.1');
  expect(diversionsSoFar(after(after(NONE, first), second))).toBe(2);
});

it('allows five diversions of a call, and no sixth', () => {
  let trail = NONE;
  for (let n = 0; n < DIVERSIONS_MAX; n++) {
    expect(mayDivert(trail)).toBe(true);
    trail = after(trail, step(trail, `sip:u${n}@ims.test`, `sip:u${n + 1}@ims.test`));
    expect(diversionsSoFar(trail)).toBe(n + 1);
  }
  expect(mayDivert(trail)).toBe(false);
});

it('counts by Diversion where nobody wrote a history, and not what other retargeting wrote', () => {
  expect(mayDivert({ historyInfo: [], diversion: ['<tel:1>', '<tel:2>', '<tel:3>', '<tel:4>', '<tel:5>'] })).toBe(false); // prettier-ignore
  expect(diversionsSoFar({ historyInfo: ['<sip:a@b>;index=1', '<sip:c@d>;index=1.1;rc=1'], diversion: [] })).toBe(0); // prettier-ignore
});
