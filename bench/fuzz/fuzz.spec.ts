// Each target for some hundreds or thousands of inputs of a fixed seed, and bugs planted to show that the fuzzer finds what it is there for.
import { jest } from '@jest/globals';
import type { markIntegrity } from '#apps/bono';
import { contactRequests } from '#apps/sprout';
import { ResponseReader } from '#libs/http-pool';
import { createTransports, type FramerSink, H, parseAuthorization, parseMessage, type prepareRoute, readTopVia, StreamFramer, viaBranch } from '#libs/sip'; // prettier-ignore
import { createFuzzing, judge } from './fuzzer.js';
import { must, type Target } from './target.js';
import { allTargets } from './targets/index.js';
import { contactsTarget } from './targets/contacts-target.js';
import { diameterPeerTarget, peerWorld } from './targets/diameter-peer-target.js';
import { diameterTarget } from './targets/diameter-target.js';
import { digestTarget } from './targets/field-targets.js';
import { httpResponseTarget } from './targets/http-response-target.js';
import { integrityTarget } from './targets/integrity-target.js';
import { fieldsTarget, routeTarget } from './targets/message-targets.js';
import { streamTarget } from './targets/stream-target.js';
import { topViaTarget } from './targets/top-via-target.js';
import { wsTarget } from './targets/ws-target.js';

const targets = await allTargets();
/** Half a second of each, or so. */
const INPUTS = 8_000;
const INPUTS_OF: Readonly<Record<string, number>> = {
  stream: 1_500,
  ws: 600,
  log: 600,
  checkpoint: 500,
  diameter: 1_500,
  'diameter-peer': 400,
  'http-response': 2_000,
};
/** Seldom more than two seconds; the machine may be busy. */
const TIMEOUT_MS = 60_000;
const MINIMISE_MS_MAX = 500;
jest.setTimeout(TIMEOUT_MS);

const opened: Target[] = [...targets];
afterAll(async () => {
  for (const { stop } of opened) await stop?.();
});

const found = (target: Target, inputs = 4_000) => {
  opened.push(target);
  return createFuzzing(target, 1, { minimiseMsMax: MINIMISE_MS_MAX }).run(inputs);
};

describe('whatever comes', () => {
  it.each(targets.map((target) => [target.name, target] as const))('holds for %s', async (_name, target) => {
    const inputs = target.seeds.length + (INPUTS_OF[target.name] ?? INPUTS);
    expect(await createFuzzing(target, 1).run(inputs)).toBeUndefined();
  });

  it('reaches outcomes beyond those of the seeds', async () => {
    const parser = targets.find(({ name }) => name === 'parser')!;
    const fuzzing = createFuzzing(parser, 1);
    await fuzzing.run(200);
    expect(fuzzing.corpus.inputs.length).toBeGreaterThan(parser.seeds.length + 20);
  });
});

describe('planted bugs are found', () => {
  it('a framer that forgets what lies across two pieces', async () => {
    const forgetful = (sink: FramerSink) => ({
      partial: false,
      push: (piece: string) => new StreamFramer(sink).push(piece),
    });
    expect((await found(streamTarget(forgetful)))?.reason).toContain('the same however it is cut');
  });

  it('a reader of answers that forgets a head that is not whole', async () => {
    const forgetful = () => ({ push: (bytes: Buffer) => new ResponseReader(500).push(bytes), end: () => ({ state: 'bad', reason: '' }) as const }); // prettier-ignore
    expect((await found(httpResponseTarget(forgetful)))?.reason).toContain('the same however it is cut');
  });

  it('a check on fields that lets everything pass', async () => {
    expect((await found(fieldsTarget(() => undefined)))?.reason).toContain('parse');
  });

  it('a Route of our own that is not taken off', async () => {
    const lazy: typeof prepareRoute = ({ message }) => ({ popped: [], next: undefined, nextHopUri: message.requestUri }); // prettier-ignore
    expect((await found(routeTarget(lazy)))?.reason).toContain('no Route is left');
  });

  it('credentials of which the last of two counts', async () => {
    const last = (text: string) => {
      const [, username] = /.*username="([^"]*)"/s.exec(text) ?? [];
      const credentials = parseAuthorization(text);
      return credentials && username !== undefined
        ? { ...credentials, username: `${username}\\"` }
        : credentials;
    };
    expect((await found(digestTarget(last)))?.reason).toContain('written and read again');
  });

  it('a grammar of Diameter that is not asked', async () => {
    expect((await found(diameterTarget(() => undefined)))?.reason).toContain('the grammar holds');
  });

  it('a timer of a Diameter node that nobody ends', async () => {
    const torn = async (...[clock]: Parameters<typeof peerWorld>) => {
      const made = await peerWorld(clock);
      const { connect } = made.network;
      const halves = (connection: ReturnType<typeof connect>) => ({
        ...connection,
        send: (bytes: Buffer) => connection.send(bytes.subarray(0, bytes.length - 4)),
      });
      return {
        ...made,
        network: {
          ...made.network,
          connect: (...way: Parameters<typeof connect>) => halves(connect(...way)),
        },
      };
    };
    // What the far end tears is no fault of ours: it holds; a timer that nobody ends does not.
    expect(await found(diameterPeerTarget(torn), 200)).toBeUndefined();
    const ticking = (...[clock]: Parameters<typeof peerWorld>) => (
      clock.after(1e9, () => undefined),
      peerWorld(clock)
    );
    expect((await found(diameterPeerTarget(ticking)))?.reason).toContain('no timer is left');
  });

  it('a mark of protection that is taken out once only', async () => {
    const once: typeof markIntegrity = (edits, { value }) =>
      edits.replace(H.Authorization, value.replace(/, integrity-protected="[^"]*"/, ''));
    expect((await found(integrityTarget(once)))?.reason).toContain('the mark is our own');
  });

  it('a top Via of which the last branch counts', async () => {
    const last: typeof readTopVia = (message) => {
      const via = readTopVia(message);
      const [, branch] = /.*;branch=([^;,]*)/.exec(message.header(H.Via) ?? '') ?? [];
      return via && branch !== undefined ? { ...via, branch } : via;
    };
    expect((await found(topViaTarget(last)))?.reason).toContain('branch');
  });

  it('a top Via that is taken where the full reader refuses it', async () => {
    const easy: typeof readTopVia = (message) => readTopVia(message) ?? { sentBy: 'h', host: 'h', port: 0, branch: viaBranch(message), rport: false, received: false }; // prettier-ignore
    expect((await found(topViaTarget(easy)))?.reason).toContain('one takes what the other takes');
  });

  it('a Contact list of which the second is lost', async () => {
    const first: typeof contactRequests = (request, defaultS) => {
      const taken = contactRequests(request, defaultS);
      return taken.ok ? { ...taken, contacts: taken.contacts.slice(0, 1) } : taken;
    };
    expect((await found(contactsTarget(first)))?.reason).toContain('each one, none besides');
  });

  it('a Contact whose parameters are kept in lower case', async () => {
    const lower: typeof contactRequests = (request, defaultS) => {
      const taken = contactRequests(request, defaultS);
      return taken.ok
        ? { ...taken, contacts: taken.contacts.map((one) => ({ ...one, params: one.params.toLowerCase() })) }
        : taken;
    };
    expect((await found(contactsTarget(lower)))?.reason).toContain('parameters as they were written');
  });

  it.each([
    ['loses the end of a message', (raw: string) => raw.slice(0, 300)],
    ['trims', (raw: string) => raw.trim()],
  ])('a WebSocket adapter that %s', async (_name, changed) => {
    const create: typeof createTransports = (options) => {
      const { receiver } = options;
      if (!receiver) return createTransports(options);
      const changing = { ...receiver, message: (...[raw, flow]: Parameters<typeof receiver.message>) => receiver.message(changed(raw), flow) }; // prettier-ignore
      return createTransports({ ...options, receiver: changing });
    };
    expect((await found(wsTarget(create)))?.reason).toContain('messages as they were written');
  });

  const planted = (run: Target['run'], seed = 'abcdef'): Target => ({
    name: 'planted',
    seeds: [seed],
    tokens: ['%00'],
    run,
  });

  it('an exception, and the input is made as small as it goes', async () => {
    const target = planted((input) => {
      must(!input.includes('%00'), 'no escaped NUL');
      return '';
    });
    const failure = await found(target);
    expect(failure?.input).toBe('%00');
    expect((await judge(target, '%00')).reason).toContain('no escaped NUL');
  });

  it('time that grows with the square of the input', async () => {
    const target = planted((input) => {
      let pairs = 0;
      for (const left of input) for (const right of input) if (left === right) pairs += 1;
      return pairs > 0 ? 'some' : 'none';
    });
    expect((await found(target))?.reason).toMatch(/^(slow|growth)/);
  });

  it('an outcome is kept once', async () => {
    const fuzzing = createFuzzing(
      planted((input) => (parseMessage(input).ok ? 'ok' : 'no')),
      1,
    );
    await fuzzing.run(500);
    expect(fuzzing.corpus.inputs.length).toBeLessThan(30);
  });
});
