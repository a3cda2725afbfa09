// /accounts/<e>/numbers: made, shown, deleted; their passwords, documents and place in the address book (backend.md §9).
import type { LineNumber } from '#libs/domain';
import { flagField } from '../accounts/fields.js';
import { byOf, type Caller, requireAccount, requireSignedIn } from '../accounts/who.js';
import type { EllisCall, EllisContext } from '../context.js';
import { badRequest, DONE, EllisFault, forbidden, notFound, type Outcome, shown } from '../outcome.js';
import { putSimservs, simservsOf } from '../upstream/documents.js';
import {
  filterCriteriaOf,
  privateIdsOf,
  putFilterCriteria,
  setSipPassword,
} from '../upstream/subscribers.js';
import { deleteLine } from './delete-line.js';
import { isNumber, onNumber, requireLine } from './line-stream.js';
import { completeLine, type MadeLine, makeLine, newSipPassword, takeNew } from './make-line.js';
import { noteMissing } from './missing-lines.js';
import { numberBody } from './number-json.js';

export const SIMSERVS_TYPE = 'application/vnd.etsi.simservs+xml; charset=utf-8';
export const IFCS_TYPE = 'application/xml; charset=utf-8';
/** Numbers of one answer; neighbours that are asked at once. */
const SHOWN_MAX = 1_000;
const ASKED_AT_ONCE = 20;

const madeBody = ({ line, password }: MadeLine): object => ({
  ...numberBody(line),
  ...(password === undefined ? {} : { sip_password: password }),
});

/** As Homestead Prov has it. What is there no longer goes back to the pool, once that is certain. */
const asProvisioned = async (context: EllisContext, line: LineNumber, by: string): Promise<LineNumber[]> => {
  const privateIds = await privateIdsOf(context.provisioning, line.number);
  if (privateIds === undefined) {
    noteMissing(context, line, by);
    return [];
  }
  return [{ ...line, privateId: privateIds.includes(line.privateId) ? line.privateId : (privateIds[0] ?? line.privateId) }]; // prettier-ignore
};

export const listNumbers = async (
  context: EllisContext,
  caller: Caller,
  address: string,
): Promise<Outcome> => {
  const { account } = await requireAccount(context, caller, address);
  const lines = (await context.lines.linesOf(account, SHOWN_MAX)).filter((line) => line.isProvisioned);
  const numbers: LineNumber[] = [];
  for (let from = 0; from < lines.length; from += ASKED_AT_ONCE) {
    const asked = lines.slice(from, from + ASKED_AT_ONCE);
    const found = await Promise.all(asked.map((line) => asProvisioned(context, line, byOf(caller))));
    numbers.push(...found.flat());
  }
  return shown({ numbers: numbers.map(numberBody) });
};

const optional = (call: EllisCall, name: string): string | undefined => {
  const value = call.field(name);
  return value === '' ? undefined : value;
};

export const createNumber = async (
  context: EllisContext,
  caller: Caller,
  call: EllisCall,
  address: string,
): Promise<Outcome> => {
  const { account } = await requireAccount(context, caller, address);
  const privateId = optional(call, 'private_id');
  const own = privateId === undefined ? {} : { privateId };
  const made = await makeLine(context, { account, by: byOf(caller), pstn: flagField(call, 'pstn'), ...own });
  return shown(madeBody(made));
};

const PRIVATE_ID = /^[^\s"<>]{1,128}$/;

/** A number that its asker names: for operators' own tools. */
export const createSpecifiedNumber = async (
  context: EllisContext,
  caller: Caller,
  call: EllisCall,
  { address, number }: Readonly<{ address: string; number: string }>,
): Promise<Outcome> => {
  requireSignedIn(caller);
  if (caller.kind !== 'service') throw forbidden('numbers are named with NGV-API-Key only');
  const { account } = await requireAccount(context, caller, address);
  if (!isNumber(number)) throw badRequest('takes a SIP URI such as sip:6505550001@ims.test');
  const privateId = optional(call, 'private_id');
  // What is no text cannot stand in a path: it would be found out only once the number is taken.
  if (privateId !== undefined && !(PRIVATE_ID.test(privateId) && privateId.isWellFormed()))
    throw badRequest('private_id: takes an identity');
  const isNewPrivate = flagField(call, 'new_private_id') || privateId === undefined;
  const own = privateId === undefined ? {} : { privateId };
  const take = { account, by: byOf(caller), pstn: flagField(call, 'pstn'), number, specified: true, ...own };
  return context.turns.run(async () => {
    const line = await takeNew(context, take);
    if (line === undefined) throw new EllisFault(409, 'there is a subscriber of this name');
    return shown(madeBody(await completeLine(context, line, byOf(caller), isNewPrivate)));
  });
};

type LineRequest = Readonly<{ address: string; number: string }>;

const lineOf = async (
  context: EllisContext,
  caller: Caller,
  { address, number }: LineRequest,
): Promise<LineNumber> =>
  requireLine(context, (await requireAccount(context, caller, address)).account, number);

export const deleteNumber = async (
  context: EllisContext,
  caller: Caller,
  request: LineRequest,
): Promise<Outcome> => {
  const line = await lineOf(context, caller, request);
  const owner = caller.kind === 'account' ? line.account : undefined;
  const deleted = await context.turns.run(() => deleteLine(context, line, byOf(caller)), owner);
  if (!deleted) throw notFound('no such number of this account');
  return DONE;
};

export const resetPassword = async (
  context: EllisContext,
  caller: Caller,
  request: LineRequest,
): Promise<Outcome> => {
  const { privateId } = await lineOf(context, caller, request);
  const password = newSipPassword(context);
  await setSipPassword(context.provisioning, privateId, password);
  return shown({ sip_password: password });
};

export const getSimservs = async (context: EllisContext, caller: Caller, request: LineRequest): Promise<Outcome> => {
  const { number } = await lineOf(context, caller, request);
  const found = await simservsOf(context.homer, number);
  if (found === undefined) throw notFound('the number has no services document');
  const { xml: text, ...etag } = found;
  return { status: 200, document: { text, type: SIMSERVS_TYPE, ...etag } };
}; // prettier-ignore

export const setSimservs = async (
  context: EllisContext,
  caller: Caller,
  call: EllisCall,
  request: LineRequest,
): Promise<Outcome> => {
  const { number: impu } = await lineOf(context, caller, request);
  const ifMatch = call.header('if-match');
  const condition = ifMatch === undefined ? {} : { ifMatch };
  await putSimservs(context.homer, { impu, xml: call.text, ...condition }, context.clock);
  return DONE;
};

/** Also for operators, of anybody's. */
export const showFilterCriteria = async (context: EllisContext, impu: string): Promise<Outcome> => {
  const text = await filterCriteriaOf(context.provisioning, impu);
  if (text === undefined) throw notFound('no filter criteria were given');
  return { status: 200, document: { text, type: IFCS_TYPE } };
};

export const changeFilterCriteria = async (
  context: EllisContext,
  impu: string,
  xml: string,
): Promise<Outcome> => {
  if (!(await putFilterCriteria(context.provisioning, impu, xml))) throw notFound('no such subscriber');
  return DONE;
};

export const getIfcs = async (context: EllisContext, caller: Caller, request: LineRequest): Promise<Outcome> =>
  showFilterCriteria(context, (await lineOf(context, caller, request)).number); // prettier-ignore

export const setIfcs = async (
  context: EllisContext,
  caller: Caller,
  call: EllisCall,
  request: LineRequest,
): Promise<Outcome> =>
  changeFilterCriteria(context, (await lineOf(context, caller, request)).number, call.text);

export const isListed = async (context: EllisContext, caller: Caller, request: LineRequest): Promise<Outcome> =>
  shown({ listed: (await lineOf(context, caller, request)).listed }); // prettier-ignore

export const setListed = async (
  context: EllisContext,
  caller: Caller,
  request: LineRequest & Readonly<{ listed: string }>,
): Promise<Outcome> => {
  const { number, account } = await lineOf(context, caller, request);
  if (request.listed !== '0' && request.listed !== '1') throw notFound('takes 0 or 1');
  const listed = request.listed === '1';
  await onNumber(context, { type: 'ListNumber', data: { number, account, by: byOf(caller), listed } });
  return DONE;
};
