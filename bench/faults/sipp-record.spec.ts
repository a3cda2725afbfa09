// What SIPp was told, read from what it notes of its messages.
import { NO_ANSWER } from './answers.js';
import { answersIn, callsIn, PATIENCE_MS } from './sipp-record.js';

const at = (second: string): number => new Date(`2026-11-23T10:00:${second}`).getTime();
const line = (second: string, way: 'S' | 'R', callId: string, cseq: string, first: string): string =>
  `2026-11-23\t10:00:${second}000\t${way}\t${callId}\tCSeq:${cseq}\t${first}\n`;

it('pairs requests with their final answers, by Call-ID and CSeq', () => {
  const text =
    line('01.000', 'S', 'a', ' 1 REGISTER', 'REGISTER sip:ims.test SIP/2.0') +
    line('01.500', 'S', 'a', ' 1 REGISTER', 'REGISTER sip:ims.test SIP/2.0') +
    line('01.600', 'R', 'a', ' 1 REGISTER', 'SIP/2.0 401 Unauthorized') +
    line('01.700', 'S', 'a', ' 2 REGISTER', 'REGISTER sip:ims.test SIP/2.0') +
    line('01.800', 'R', 'a', ' 2 REGISTER', 'SIP/2.0 100 Trying') +
    line('01.900', 'R', 'a', ' 2 REGISTER', 'SIP/2.0 500 Server Internal Error') +
    line('02.000', 'S', 'b', ' 1 ACK', 'ACK sip:b@ims.test SIP/2.0');
  expect(answersIn(text, 1, at('59.000'))).toEqual([
    { callId: 'a', method: 'REGISTER', status: 401, isChallenge: true, isAnswered: false, edge: 1, sentMs: at('01.000'), answeredMs: at('01.600') },
    { callId: 'a', method: 'REGISTER', status: 500, isChallenge: false, isAnswered: false, edge: 1, sentMs: at('01.700'), answeredMs: at('01.900') },
  ]);
}); // prettier-ignore

it('takes for unanswered what has waited for long when SIPp is stopped, and says nothing of the rest', () => {
  const text =
    line('01.000', 'S', 'a', ' 1 INVITE', 'INVITE sip:b@ims.test SIP/2.0') +
    line('01.100', 'R', 'a', ' 1 INVITE', 'SIP/2.0 100 Trying') +
    line('20.000', 'S', 'b', ' 1 INVITE', 'INVITE sip:b@ims.test SIP/2.0');
  const answers = answersIn(text, 1, at('25.000'));
  expect(answers.map(({ callId, status, answeredMs }) => [callId, status, answeredMs])).toEqual([
    ['a', NO_ANSWER, at('01.000') + PATIENCE_MS],
  ]);
});

it('knows of a challenge that came anew whether its answer was taken', () => {
  const flow = (callId: string, last: string): string =>
    line('01.000', 'S', callId, ' 2 REGISTER', 'REGISTER sip:ims.test SIP/2.0') +
    line('01.100', 'R', callId, ' 2 REGISTER', 'SIP/2.0 401 Unauthorized') +
    line('01.200', 'S', callId, ' 3 REGISTER', 'REGISTER sip:ims.test SIP/2.0') +
    line('01.300', 'R', callId, ' 3 REGISTER', `SIP/2.0 ${last}`);
  const answers = answersIn(flow('a', '200 OK') + flow('b', '401 Unauthorized'), 1, at('25.000'));
  expect(
    answers.filter(({ status }) => status === 401).map(({ callId, isAnswered }) => [callId, isAnswered]),
  ).toEqual([
    ['a', true],
    ['b', false],
    ['b', false],
  ]);
});

it('counts as calls that came those that began, each once, and not what is left of calls of before', () => {
  const text =
    line('01.000', 'R', 'a', ' 1 INVITE', 'INVITE sip:b@ims.test SIP/2.0') +
    line('01.500', 'R', 'a', ' 1 INVITE', 'INVITE sip:b@ims.test SIP/2.0') +
    line('01.600', 'S', 'a', ' 1 INVITE', 'SIP/2.0 200 OK') +
    line('01.700', 'R', 'a', ' 1 ACK', 'ACK sip:b@ims.test SIP/2.0') +
    line('02.000', 'R', 'b', ' 1 INVITE', 'INVITE sip:b@ims.test SIP/2.0') +
    line('03.000', 'R', 'left', ' 2 BYE', 'BYE sip:b@ims.test SIP/2.0');
  expect([...callsIn(text)]).toEqual(['a', 'b']);
});
