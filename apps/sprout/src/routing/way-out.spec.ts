// Where a request goes at the end of the originating chain, or when nobody here has the callee (sip.md §3.3, §3.7, §3.10).
// The whole way through the router is played in apps/clearwater/scenarios/breakout.txt and enum.txt.
import { type CallEvent, readBgcfRoutes } from '#libs/domain';
import type { Session, SessionContext } from '../session/session.js';
import type { Translation } from './number-translator.js';
import { wayOut, wayOutUnknown } from './way-out.js';

const read = readBgcfRoutes(
  JSON.stringify({
    routes: [
      { name: 'uk', number: '+44', route: ['sip:uk.test'] },
      { name: 'peer', domain: 'peer.test', route: ['sip:ibcf.test'] },
    ],
  }),
);
if (!read.ok) throw new Error(read.reason);
const bgcf = read.value;

type Case = Readonly<{
  requestUri: string;
  answer?: Translation;
  originating?: boolean;
  numbers?: Partial<SessionContext['settings']['numbers']>;
}>;

const stageOf = ({ requestUri, answer, originating = true, numbers = {} }: Case) => {
  const asked: string[] = [];
  const noted: CallEvent[] = [];
  const faults: string[] = [];
  const context = {
    settings: {
      ownHosts: new Set(['ims.test']),
      homeDomain: 'ims.test',
      numbers: {
        homeDomain: 'ims.test',
        enforceUserPhone: false,
        enforceGlobalOnlyLookups: false,
        overrideNpdi: false,
        ...numbers,
      },
    },
    ports: {
      routingTables: { bgcf },
      ...(answer === undefined
        ? {}
        : {
            translator: {
              translate: (number: string) => {
                asked.push(number);
                return Promise.resolve(answer);
              },
            },
          }),
      observer: { fault: (kind: string) => void faults.push(kind), count: () => undefined },
      calls: { note: (_stream: string, events: readonly CallEvent[]) => void noted.push(...events) },
    },
  } as unknown as SessionContext;
  const session = {
    requestUri,
    icid: 'i',
    originatingTold: true,
    hiddenTold: true,
    ...(originating ? { originating: { ended: true } } : {}),
  } as unknown as Session;
  return { context, session, asked, noted, faults };
};
const to = (uri: string): Translation => ({ kind: 'uri', uri });
const NONE: Translation = { kind: 'none' };
const FAILED: Translation = { kind: 'failed' };

it.each<readonly [string, Case, object]>([
  ['a user of ours', { requestUri: 'sip:bob@ims.test' }, { kind: 'home' }],
  ['a number, no ENUM', { requestUri: 'tel:+491' }, { kind: 'home' }],
  ['a number that ENUM does not know', { requestUri: 'tel:+441', answer: NONE }, { kind: 'routes', routes: ['sip:uk.test'] }],
  ['a number that is a name of ours', { requestUri: 'tel:+441', answer: to('sip:bob@ims.test') }, { kind: 'home' }],
  ['a number that is a name of others', { requestUri: 'tel:+441', answer: to('sip:bob@x.test') }, { kind: 'onward' }],
  ['a number that is a name of a peer', { requestUri: 'tel:+1', answer: to('sip:bob@Peer.test:5070') }, { kind: 'routes', routes: ['sip:ibcf.test'] }],
  ['a ported number', { requestUri: 'tel:+1', answer: to('tel:+1;npdi;rn=+442') }, { kind: 'routes', routes: ['sip:uk.test'] }],
  ['a number while ENUM is away', { requestUri: 'tel:+441', answer: FAILED }, { kind: 'routes', routes: ['sip:uk.test'] }],
  ['another domain', { requestUri: 'sip:a@x.test' }, { kind: 'onward' }],
  ['a peer', { requestUri: 'sip:a@peer.test' }, { kind: 'routes', routes: ['sip:ibcf.test'] }],
])('%s', async (_what, played, way) => {
  const { context, session } = stageOf(played);
  expect(await wayOut(context, session)).toEqual({ ok: true, value: way });
}); // prettier-ignore

it.each<readonly [string, Case, number]>([
  ['a number that ENUM does not know, without a route', { requestUri: 'tel:+1', answer: NONE }, 404],
  // Nobody could say: no user's 404.
  ['a number while ENUM is away, without a route', { requestUri: 'tel:+1', answer: FAILED }, 504],
  ['a service', { requestUri: 'urn:service:pizza' }, 404],
])('%s is refused', async (_what, played, status) => {
  const { context, session } = stageOf(played);
  expect(await wayOut(context, session)).toMatchObject({ ok: false, status });
});

it('asks ENUM once a session, and only at the caller’s side', async () => {
  const mine = stageOf({ requestUri: 'tel:+441', answer: NONE });
  await wayOut(mine.context, mine.session);
  await wayOutUnknown(mine.context, mine.session);
  expect(mine.asked).toEqual(['+441']);

  const theirs = stageOf({ requestUri: 'tel:+441', answer: to('sip:bob@ims.test'), originating: false });
  expect(await wayOut(theirs.context, theirs.session)).toEqual({ ok: true, value: { kind: 'home' } });
  expect(theirs.asked).toEqual([]);
  // Until nobody here has the number.
  expect(await wayOutUnknown(theirs.context, theirs.session)).toEqual({ ok: true, value: { kind: 'home' } });
  expect(theirs.session.requestUri).toBe('sip:bob@ims.test');
});

it('asks ENUM for global numbers only, where so configured', async () => {
  const { context, session, asked } = stageOf({ requestUri: 'sip:118@ims.test', answer: NONE, numbers: { enforceGlobalOnlyLookups: true } }); // prettier-ignore
  expect(await wayOut(context, session)).toEqual({ ok: true, value: { kind: 'home' } });
  expect(asked).toEqual([]);
});

it.each([
  [false, 'tel:+1;npdi;rn=+442'],
  [true, 'tel:+1;npdi;rn=+443'],
])('portability data that is there already is overridden: %s', async (overrideNpdi, uri) => {
  const { context, session } = stageOf({
    requestUri: 'tel:+1;npdi;rn=+442',
    answer: to('tel:+1;npdi;rn=+443'),
    numbers: { overrideNpdi },
  });
  await wayOut(context, session);
  expect(session.requestUri).toBe(uri);
});

it('believes a real name whatever portability data there is', async () => {
  const { context, session, noted } = stageOf({ requestUri: 'tel:+1;npdi;rn=+442', answer: to('sip:bob@ims.test') }); // prettier-ignore
  await wayOut(context, session);
  expect(session.requestUri).toBe('sip:bob@ims.test');
  expect(noted).toEqual([{ type: 'NumberTranslated', data: { requestUri: 'tel:+1;npdi;rn=+442', translated: 'sip:bob@ims.test' } }]); // prettier-ignore
});

it.each(['nonsense', 'mailto:bob@ims.test', 'urn:service:sos'])(
  'leaves the number alone for %s',
  async (uri) => {
    const { context, session, faults } = stageOf({ requestUri: 'tel:+441', answer: to(uri) });
    expect(await wayOut(context, session)).toMatchObject({ value: { kind: 'routes' } });
    expect(session.requestUri).toBe('tel:+441');
    expect(faults).toEqual(['enum-unusable']);
  },
);

it('lets an unknown name and a number without a route be unknown', async () => {
  for (const requestUri of ['sip:nobody@ims.test', 'tel:+1']) {
    const { context, session } = stageOf({ requestUri });
    expect(await wayOutUnknown(context, session)).toBeUndefined();
  }
  const { context, session } = stageOf({ requestUri: 'tel:+441' });
  expect(await wayOutUnknown(context, session)).toMatchObject({ value: { kind: 'routes' } });
});
