// Programs attached to the server of applications over real sockets, SIP on a memory hub: one to each host, shown in health; their calls
// passed, rejected, and answered though they cannot be judged.
import { EventEmitter, once } from 'node:events';
import { createHealth, type Health, silentLogger } from '#libs/runtime';
import { createStage } from '../drachtio-stage.fixture.js';
import { DrachtioClientConfig } from '../drachtio-client.config.js';
import {
  attachApplication,
  type AttachedApplication,
  type AttachOptions,
  type Invite,
} from './attached-application.js';
import { type ControlPort, createControlPort } from './control-port.js';

type Stage = Awaited<ReturnType<typeof createStage>>;

const SECRET = 'a-secret-of-this-test';
let stage: Stage;
let port: ControlPort;
let health: Health;
let application: AttachedApplication | undefined;
const events = new EventEmitter();

/** Health that says when it changes. */
const watched = (): Health => {
  const inner = createHealth();
  return {
    ...inner,
    status: () => inner.status(),
    part(name) {
      const part = inner.part(name);
      return {
        ready: () => (part.ready(), void events.emit('health')),
        notReady: (reason) => (part.notReady(reason), void events.emit('health')),
      };
    },
  };
};
const partsAre = async (wanted: Readonly<Record<string, object>>): Promise<void> => {
  while (JSON.stringify(health.status().parts) !== JSON.stringify(wanted)) await once(events, 'health');
};

const attach = async (
  invited: AttachOptions['invited'],
  { secret = SECRET, hosts = ['127.0.0.1'] }: Readonly<{ secret?: string; hosts?: string[] }> = {},
): Promise<void> => {
  const server = Object.assign(new DrachtioClientConfig(), { drachtioHost: hosts, drachtioPort: port.port, drachtioSecret: secret }); // prettier-ignore
  application = await attachApplication({ tag: 'demo', server, logger: silentLogger, health, invited });
};

beforeEach(async () => {
  stage = await createStage({ secret: SECRET });
  health = watched();
  const options = { host: '127.0.0.1', port: 0, allowPeer: () => true, server: stage.server };
  port = await createControlPort({ ...options, log: silentLogger });
});
afterEach(async () => {
  application?.detach();
  await port.close();
});

/** Sends a call and resolves with what came back to the router, once something did. */
const answerTo = async (): Promise<number> => {
  await stage.request('INVITE');
  while (stage.told().length === 0) await new Promise((resolve) => setImmediate(resolve));
  return stage.told()[0]!;
};
/** Attached, and its `route` taken. */
const ready = async (): Promise<void> => {
  await partsAre({ 'control port of 127.0.0.1': { ready: true } });
};

it('attaches to each host, and says where it is not attached any more', async () => {
  await attach(() => undefined, { hosts: ['127.0.0.1', 'localhost'] });
  const [one, other] = ['control port of 127.0.0.1', 'control port of localhost'];
  await partsAre({ [one]: { ready: true }, [other]: { ready: true } });
  expect(stage.server.attached).toBe(2);
  await port.close();
  const gone = (reason: string) => ({ [one]: { ready: false, reason }, [other]: { ready: false, reason } });
  await partsAre(gone('the control port does not answer'));
});

it('says that the secret is another', async () => {
  await attach(() => undefined, { secret: 'wrong' });
  const reason = 'the control port wants another secret';
  await partsAre({ 'control port of 127.0.0.1': { ready: false, reason } });
  expect(stage.server.attached).toBe(0);
});

it('passes a call on, and learns how it ended', async () => {
  const ended = new Promise<readonly [Invite, number]>((resolve) => {
    void attach((invite, { pass }) => {
      void pass({ destinations: ['sip:c@ims.test'], together: false, ringS: 5 }).then((status) => resolve([invite, status])); // prettier-ignore
    });
  });
  await ready();
  await stage.request('INVITE', ['P-Served-User: <sip:bob@ims.test>']);
  while (stage.leg('INVITE') === '') await new Promise((resolve) => setImmediate(resolve));
  expect(stage.leg('INVITE')).toMatch(/^INVITE sip:c@ims.test /);
  await stage.answer(stage.leg('INVITE'), 486);
  const [invite, status] = await ended;
  expect([invite.uri, invite.get('P-Served-User'), invite.get('X-None'), status]).toEqual(['sip:bob@ims.test', '<sip:bob@ims.test>', undefined, 486]); // prettier-ignore
  expect(stage.told()).toEqual([486]);
});

it('rejects a call', async () => {
  await attach((_invite, { reject }) => reject(480));
  await ready();
  expect(await answerTo()).toBe(480);
});

it('answers a call that it cannot judge', async () => {
  await attach(() => {
    throw new Error('a defect');
  });
  await ready();
  expect(await answerTo()).toBe(500);
});
