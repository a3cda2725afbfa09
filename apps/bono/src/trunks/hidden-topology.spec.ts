// What a trunk gets of a hidden way, and what comes of it. The whole of it is played in apps/clearwater/scenarios/trunk-topology.txt.
import { Edits, H, parseMessage, type SipMessage, values } from '#libs/sip';
import { HiddenTopology, INSIDE_LENGTH_MAX } from './hidden-topology.js';

const KEY = Buffer.alloc(32, 7);
const hidden = new HiddenTopology(KEY, (uri) => uri.includes('edge.test'));
const OWN = '<sip:edge.test:5060;transport=udp;lr;trunk=carrier>';
const CORE = '<sip:10.1.0.1:5058;transport=tcp;lr>';
const INSIDE = ['<sip:scscf.test;lr;mark=a,b>', '<sip:TOKEN@inner.test;lr>'];

const read = (start: string, callId: string, routes: readonly string[]): SipMessage => {
  const lines = [
    start,
    'Via: SIP/2.0/UDP 10.9.0.1;branch=z9hG4bK1',
    'From: <sip:a@b>;tag=1',
    'To: <sip:c@d>',
    `Call-ID: ${callId}`,
    'CSeq: 1 INVITE',
    ...routes.map((route) => `Record-Route: ${route}`),
    'Content-Length: 0',
    '',
    '',
  ];
  const parsed = parseMessage(lines.join('\r\n'));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};
const request = (callId: string, routes: readonly string[]) => read('INVITE sip:c@d SIP/2.0', callId, routes);
const response = (callId: string, routes: readonly string[]) => read('SIP/2.0 200 OK', callId, routes);
const routesIn = (edits: Edits): readonly string[] => {
  const parsed = parseMessage(edits.render());
  if (!parsed.ok) throw new Error(parsed.reason);
  return values(parsed.message, H.RecordRoute);
};
const hide = (callId: string, routes = INSIDE): string => {
  const message = request(callId, routes);
  const edits = new Edits(message);
  expect(hidden.hideRequest(message, edits, OWN)).toBe(true);
  const [only, ...more] = routesIn(edits);
  expect(more).toEqual([]);
  return only!;
};

it('shows one value, which comes back as the whole way, beside what was recorded behind it', () => {
  const only = hide('one');
  for (const route of INSIDE) expect(only).not.toContain(route.slice(5, 15));
  const answer = response('one', ['<sip:carrier.test;lr>', only]);
  const edits = new Edits(answer);
  hidden.restoreResponse(answer, edits, CORE);
  expect(routesIn(edits)).toEqual(['<sip:carrier.test;lr>', OWN, CORE, ...INSIDE]);
  expect(hidden.inside([only.slice(1, -1)], request('one', []))).toEqual(INSIDE);
});

it('opens in its own dialog only, and by its own key', () => {
  const uri = hide('one').slice(1, -1);
  expect(hidden.inside([uri], request('two', []))).toEqual([]);
  expect(new HiddenTopology(Buffer.alloc(32, 8), () => true).inside([uri], request('one', []))).toEqual([]);
  expect(
    hidden.inside(
      [uri.replace(/inside=(.)/, (_all, first) => `inside=${first === 'A' ? 'B' : 'A'}`)],
      request('one', []),
    ),
  ).toEqual([]);
  expect(hidden.inside(['sip:edge.test;lr;trunk=carrier;inside='], request('one', []))).toEqual([]);
});

it('turns the way round for a trunk that began the dialog', () => {
  const answer = response('one', ['<sip:b.test;lr>', '<sip:a.test;lr>', CORE, OWN, '<sip:carrier.test;lr>']);
  const edits = new Edits(answer);
  hidden.hideResponse(answer, edits, (uri) => uri.includes('trunk=carrier'));
  const [own = '', ...behind] = routesIn(edits);
  expect(behind).toEqual(['<sip:carrier.test;lr>']);
  expect(hidden.inside([own.slice(1, -1)], request('one', []))).toEqual([
    '<sip:a.test;lr>',
    '<sip:b.test;lr>',
  ]);
});

it('leaves alone what was not recorded here', () => {
  const answer = response('one', ['<sip:carrier.test;lr>']);
  const edits = new Edits(answer);
  hidden.restoreResponse(answer, edits, CORE);
  hidden.hideResponse(answer, edits, () => false);
  expect(routesIn(edits)).toEqual(['<sip:carrier.test;lr>']);
});

it('shows a way that is too long rather than break it', () => {
  const long = request(
    'one',
    Array.from({ length: 60 }, (_, n) => `<sip:${'h'.repeat(150)}${n}.test;lr>`),
  );
  expect(values(long, H.RecordRoute).join('').length).toBeGreaterThan(INSIDE_LENGTH_MAX);
  expect(hidden.hideRequest(long, new Edits(long), OWN)).toBe(false);
});
