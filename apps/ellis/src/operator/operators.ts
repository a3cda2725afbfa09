// /operator: subscribers searched, one subscriber's state, figures (docs/ellis.md). Used by ellis.ts; who asks has been found to be an operator.
import type { EllisCall, EllisContext } from '../context.js';
import type { Figures, FoundSubscribers, Subscriber } from '../contract.js';
import { limitField } from '../live/seen.js';
import type { Live } from '../live/live.js';
import { notFound, type Outcome, shown } from '../outcome.js';
import { ask } from '../upstream/ask.js';
import { simservsOf } from '../upstream/documents.js';
import { privateIdsOf, setOfPublic } from '../upstream/subscribers.js';
import type { Surroundings } from './surroundings.port.js';

/** Identities that one search looks at; `next` goes on from there. */
const LOOKED_AT_MAX = 20_000;
const PAGE = 1_000;
const SHOWN_MAX = 200;
const SHOWN = 50;
const CALLS_SHOWN = 20;

type Page = Readonly<{ public_ids: readonly Readonly<{ public_id: string }>[]; next?: string }>;

const pageAfter = async ({ provisioning }: EllisContext, after: string | undefined): Promise<Page> => {
  const from = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
  const path = `/public/?excludeuuids=true&limit=${PAGE}${from}`;
  return JSON.parse((await ask(provisioning, { method: 'GET', path }, 200)).body) as Page;
};

export const searchSubscribers = async (context: EllisContext, call: EllisCall): Promise<Outcome> => {
  const wanted = (call.field('search') ?? '').toLowerCase();
  const limit = limitField(call, SHOWN_MAX, SHOWN);
  const found: string[] = [];
  let after = call.field('after') || undefined;
  for (let looked = 0; looked < LOOKED_AT_MAX; looked += PAGE) {
    const { public_ids: page, next } = await pageAfter(context, after);
    for (const { public_id } of page) {
      if (found.length >= limit) break;
      after = public_id;
      if (public_id.toLowerCase().includes(wanted)) found.push(public_id);
    }
    if (found.length >= limit) break;
    if (next === undefined) {
      after = undefined;
      break;
    }
  }
  const subscribers = await Promise.all(
    found.map(async (sip_uri) => ({ sip_uri, account: (await context.lines.number(sip_uri))?.account ?? null })),
  );
  return shown({ subscribers, next: after ?? null } satisfies FoundSubscribers);
}; // prettier-ignore

export const showSubscriber = async (context: EllisContext, live: Live, impu: string): Promise<Outcome> => {
  const { provisioning, homer, lines } = context;
  const privateIds = await privateIdsOf(provisioning, impu);
  const publicIds = await setOfPublic(provisioning, impu);
  if (privateIds === undefined || publicIds === undefined) throw notFound('no such subscriber');
  const [defaultId = impu] = publicIds;
  return shown({
    sip_uri: impu,
    default_id: defaultId,
    public_ids: publicIds,
    private_ids: privateIds,
    account: (await lines.number(impu))?.account ?? null,
    devices: await live.devices(defaultId),
    simservs: (await simservsOf(homer, impu)) !== undefined,
    calls: await live.calls(impu, CALLS_SHOWN),
  } satisfies Subscriber);
};

export const showWholeLadder = async (live: Live, id: string): Promise<Outcome> => {
  const ladder = /^[\x21-\x7e]{1,256}$/.test(id) ? await live.wholeLadder(id) : undefined;
  if (ladder === undefined) throw notFound('no such call');
  return shown(ladder);
};

export const figuresOf = async (
  { clock }: Pick<EllisContext, 'clock'>,
  live: Live,
  surroundings: Surroundings,
): Promise<Figures> => {
  const { registrations, calls } = await live.figures();
  return {
    at: clock.nowMs(),
    registrations_per_second: registrations,
    calls_per_second: calls,
    ...(await surroundings.figures()),
  };
};
