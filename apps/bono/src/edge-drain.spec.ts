// Whom an edge that drains lets in, and when it has drained.
import { type DrainAdmission, type Flow, parseMessage, type SipMessage } from '#libs/sip';
import { createEdgeDrain } from './edge-drain.js';

const HOME = { listener: 'untrusted', remotePort: 5060 } as Flow;
const STRANGE = { listener: 'untrusted', remotePort: 5070 } as Flow;

const request = (method: string, headers = ''): SipMessage => {
  const parsed = parseMessage(
    `${method} sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@ims.test>;tag=1\r\nTo: <sip:a@ims.test>\r\nCall-ID: 1\r\nCSeq: 1 ${method}\r\n${headers}\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

const world = () => {
  const client = { size: 1 };
  const flows = { size: 1, find: (flow: Flow) => (flow === HOME ? (client as never) : undefined) };
  const engine = { pendingCount: 0, letsIn: undefined as DrainAdmission | undefined };
  const part = createEdgeDrain({
    flows,
    endpoint: {
      get pendingCount() {
        return engine.pendingCount;
      },
      drain: (letsIn) => void (engine.letsIn = letsIn),
      undrain: () => void (engine.letsIn = undefined),
    },
    urgency: (one) => (one.method === 'SUBSCRIBE' ? 'always' : 'new'),
  });
  return { client, flows, engine, part };
};

const REGISTER = request('REGISTER', 'Contact: <sip:a@10.0.0.1>\r\nExpires: 600\r\n');

it.each([
  ['a call of who is registered', request('INVITE'), HOME, true],
  ['a call of a stranger', request('INVITE'), STRANGE, false],
  ['what is never refused', request('SUBSCRIBE'), STRANGE, true],
  ['what comes within the process', request('INVITE'), undefined, true],
  ['a registration', REGISTER, HOME, false],
  ['an expiry of its contact', request('REGISTER', 'Contact: <sip:a@10.0.0.1>;expires=600\r\n'), HOME, false],
  ['its end', request('REGISTER', 'Contact: <sip:a@10.0.0.1>\r\nExpires: 0\r\n'), HOME, true],
  ['its end by the contact', request('REGISTER', 'Contact: <sip:a@10.0.0.1>;expires=0\r\n'), HOME, true],
] as const)('%s', async (_what, message, flow, is) => {
  const { engine, part } = world();
  await part.leave();
  expect(engine.letsIn?.(message, flow)).toBe(is);
});

it('is drained when everybody has been told to go, and nothing runs', async () => {
  const { client, flows, engine, part } = world();
  await part.leave();
  expect(part.unfinished()).toContain('1 flows of clients');
  engine.letsIn?.(REGISTER, STRANGE);
  expect(part.unfinished()).toContain('1 flows of clients');
  engine.letsIn?.(REGISTER, HOME);
  expect(part.unfinished()).toBeUndefined();
  engine.pendingCount = 1;
  expect(part.unfinished()).toContain('1 SIP transactions');
  engine.pendingCount = 0;
  // He goes, and another one is there.
  client.size = 0;
  expect(part.unfinished()).toContain('1 flows');
  flows.size = 0;
  expect(part.unfinished()).toBeUndefined();
});

it('begins anew when it comes back', async () => {
  const { engine, part } = world();
  await part.leave();
  engine.letsIn?.(REGISTER, HOME);
  await part.comeBack();
  expect(engine.letsIn).toBeUndefined();
  await part.leave();
  expect(part.unfinished()).toContain('1 flows');
});
