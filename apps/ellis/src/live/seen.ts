// /accounts/<e>/numbers/<n>/devices and /calls: what a number's owner sees (docs/ellis.md). Used by ellis.ts.
import { type Caller, requireAccount } from '../accounts/who.js';
import type { EllisCall, EllisContext } from '../context.js';
import { requireLine } from '../numbers/line-stream.js';
import { badRequest, notFound, type Outcome, shown } from '../outcome.js';
import { CALLS_OF_NUMBER_MAX } from './call-index.js';
import type { Live, SeenLine } from './live.js';

export type SeenRequest = Readonly<{ address: string; number: string }>;

const CALLS_SHOWN = 50;
const CALL_ID_LENGTH_MAX = 256;

export const limitField = (call: EllisCall, most: number, standard: number): number => {
  const text = call.field('limit');
  if (text === undefined || text === '') return standard;
  const limit = Number(text);
  if (!/^\d{1,5}$/.test(text) || limit < 1 || limit > most) throw badRequest(`limit: takes 1 to ${most}`);
  return limit;
};

export const lineSeen = async (
  context: EllisContext,
  caller: Caller,
  { address, number }: SeenRequest,
): Promise<SeenLine> => {
  const { account } = await requireAccount(context, caller, address);
  const { atMs: sinceMs } = await requireLine(context, account, number);
  return { number, sinceMs };
};

export const showDevices = async (
  context: EllisContext,
  live: Live,
  caller: Caller,
  request: SeenRequest,
): Promise<Outcome> => {
  const { number, sinceMs } = await lineSeen(context, caller, request);
  return shown({ devices: await live.devices(number, sinceMs) });
};

export const showCalls = async (
  context: EllisContext,
  live: Live,
  caller: Caller,
  call: EllisCall,
  request: SeenRequest,
): Promise<Outcome> => {
  const { number, sinceMs } = await lineSeen(context, caller, request);
  const limit = limitField(call, CALLS_OF_NUMBER_MAX, CALLS_SHOWN);
  return shown({ calls: await live.calls(number, limit, sinceMs) });
};

export const showLadder = async (
  context: EllisContext,
  live: Live,
  caller: Caller,
  request: SeenRequest & Readonly<{ id: string }>,
): Promise<Outcome> => {
  const line = await lineSeen(context, caller, request);
  const isId = request.id.length <= CALL_ID_LENGTH_MAX && /^[\x21-\x7e]+$/.test(request.id);
  const ladder = isId ? await live.ladder(request.id, line) : undefined;
  if (ladder === undefined) throw notFound('no such call of this number');
  return shown(ladder);
};
