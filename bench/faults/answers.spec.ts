// What is a wrong answer while something is down.
import { type Allowed, type Answer, judgeAnswers, NO_ANSWER } from './answers.js';

const window = { beganMs: 10_000, passedMs: 20_000 };
const answer = (status: number, sentMs: number, more: Partial<Answer> = {}): Answer => ({ method: 'REGISTER', status, isChallenge: false, edge: 1, sentMs, answeredMs: sentMs + 10, ...more }); // prettier-ignore
const violations = (one: Answer, allowed: Allowed = {}): readonly string[] =>
  judgeAnswers([one], [allowed], window).violations;

it('takes success and a challenge at any time', () => {
  expect(violations(answer(200, 15_000))).toEqual([]);
  expect(violations(answer(401, 15_000, { isChallenge: true }))).toEqual([]);
  expect(violations(answer(401, 15_000))).toHaveLength(1);
});

it('takes what the row allows, of that method, from its begin until five seconds after its end', () => {
  const allowed = { REGISTER: [500] };
  expect(violations(answer(500, 15_000), allowed)).toEqual([]);
  expect(violations(answer(500, 24_900), allowed)).toEqual([]);
  expect(violations(answer(500, 25_000), allowed)).toEqual([
    'REGISTER 500 at 15.0 s after 10 ms: 5010 ms after it had passed',
  ]);
  expect(violations(answer(500, 9_000), allowed)).toEqual([
    'REGISTER 500 at -1.0 s after 10 ms: before the fault began',
  ]);
  expect(violations(answer(404, 15_000), allowed)).toHaveLength(1);
  expect(violations(answer(500, 15_000, { method: 'INVITE' }), allowed)).toHaveLength(1);
});

it('counts silence by when it was asked', () => {
  const allowed = { REGISTER: [NO_ANSWER] };
  expect(violations(answer(NO_ANSWER, 24_000, { answeredMs: 34_000 }), allowed)).toEqual([]);
  expect(violations(answer(NO_ANSWER, 26_000, { answeredMs: 36_000 }), allowed)).toHaveLength(1);
});

it('knows rows of one edge, of what was on its way, and of answers that tell when to come again', () => {
  expect(violations(answer(500, 15_000, { edge: 2 }), { REGISTER: [500], edge: 1 })).toHaveLength(1);
  expect(violations(answer(500, 10_500), { REGISTER: [500], isInFlightOnly: true })).toEqual([]);
  expect(violations(answer(500, 12_000), { REGISTER: [500], isInFlightOnly: true })).toHaveLength(1);
  const wanting = { REGISTER: [500], needsRetryAfter: true };
  expect(violations(answer(500, 15_000, { retryAfter: false }), wanting)).toHaveLength(1);
  expect(violations(answer(500, 15_000, { retryAfter: true }), wanting)).toEqual([]);
});

it('knows a challenge that is asked anew, where its answer is taken', () => {
  const anew: Allowed = { REGISTER: [401], isAnsweredAnew: true };
  expect(violations(answer(401, 15_000, { isAnswered: true }), anew)).toEqual([]);
  expect(violations(answer(401, 15_000, { isAnswered: false }), anew)).toHaveLength(1);
  expect(violations(answer(401, 26_000, { isAnswered: true }), anew)).toHaveLength(1);
  expect(violations(answer(401, 15_000, { isAnswered: true }))).toHaveLength(1);
});

it('takes what one of several allows, and nothing where none is', () => {
  const several: readonly Allowed[] = [{ INVITE: [500] }, { REGISTER: [504] }];
  expect(judgeAnswers([answer(504, 15_000)], several, window).violations).toEqual([]);
  expect(judgeAnswers([answer(500, 15_000)], several, window).violations).toHaveLength(1);
  expect(judgeAnswers([answer(504, 15_000)], [], window).violations).toEqual(['REGISTER 504 at 5.0 s after 10 ms: nothing is allowed']);
}); // prettier-ignore
