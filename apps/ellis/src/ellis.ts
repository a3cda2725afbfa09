// Ellis: accounts and lines, without HTTP. The controllers call it; who asks is found out before each handler.
import { Guesses, Throttle } from '#libs/runtime';
import { addressBook } from './numbers/address-book.js';
import { createAccount, deleteAccount, setRole, showAccount } from './accounts/accounts.js';
import { passwordRequest } from './accounts/recovery.js';
import { showSession, signIn, signOut } from './accounts/session.js';
import { PASSWORD_LENGTH_MIN } from './accounts/fields.js';
import { accountIn, byOf, type Caller, callerOf, requireOperator } from './accounts/who.js';
import type { EllisCall, EllisContext, EllisPorts } from './context.js';
import type { PortalFacts } from './contract.js';
import { Live, type SeenLine } from './live/live.js';
import { lineSeen, showCalls, showDevices, showLadder } from './live/seen.js';
import * as lists from './operator/lists.js';
import { figuresOf, searchSubscribers, showSubscriber, showWholeLadder } from './operator/operators.js';
import { previewCriteria } from './operator/preview.js';
import { NOTHING_KNOWN, type Surroundings } from './operator/surroundings.port.js';
import { finishInterrupted } from './numbers/line-process.js';
import {
  LINE_WAITING_MS_MAX,
  LINES_AT_ONCE_MAX,
  LINES_WAITING_MAX,
  LINES_WAITING_OF_ACCOUNT_MAX,
} from './numbers/make-line.js';
import { NumberPool, type NumberPools } from './numbers/number-pool.js';
import * as numbers from './numbers/numbers.js';
import { type Outcome, shown } from './outcome.js';
import { SecondLooks } from './second-looks.js';
import { Turns } from './turns.js';

export type Ellis = ReturnType<typeof createEllis>;

export type PoolRanges = Readonly<{ numberRanges: readonly string[]; pstnNumberRanges: readonly string[] }>;

const DAY_MS = 86_400_000;

export const throttlesOn = (clock: EllisPorts['clock']): EllisContext['throttles'] => ({
  guesses: new Guesses(clock),
  signIns: new Throttle({ burst: 60, everyMs: 2_000 }, clock),
  codes: new Throttle({ burst: 20, everyMs: 3_000 }, clock),
  // backend.md §9 has these for all together, so that one stranger kept everybody from a new password: here they are of one address.
  mailsAskedBy: new Throttle({ burst: 5, everyMs: DAY_MS / 100 }, clock),
  mailsTo: new Throttle({ burst: 5, everyMs: DAY_MS / 100 }, clock),
  mails: new Throttle({ burst: 100, everyMs: DAY_MS / 1_000 }, clock),
  recoveries: new Throttle({ burst: 20, everyMs: 1_000 }, clock),
});

/** What is free, as the view has it, and from then on as it changes. */
export const openPools = async (
  { lines, random, settings }: Pick<EllisPorts, 'lines' | 'random' | 'settings'>,
  { numberRanges, pstnNumberRanges }: PoolRanges,
): Promise<NumberPools> => {
  const pools = {
    ordinary: new NumberPool(numberRanges, settings.homeDomain, random),
    pstn: new NumberPool(pstnNumberRanges, settings.homeDomain, random),
  };
  const note = (number: string, isTaken: boolean): void => {
    pools.ordinary.note(number, isTaken);
    pools.pstn.note(number, isTaken);
  };
  lines.onNumber(note);
  for await (const { number } of lines.numbers()) note(number, true);
  return pools;
};

type Handler = (caller: Caller) => Outcome | Promise<Outcome>;

type Asked = (call: EllisCall, handler: Handler) => Promise<Outcome>;

const numbersPart = (context: EllisContext, asked: Asked) => ({
  listNumbers: (call: EllisCall, address: string) =>
    asked(call, (caller) => numbers.listNumbers(context, caller, address)),
  createNumber: (call: EllisCall, address: string) =>
    asked(call, (caller) => numbers.createNumber(context, caller, call, address)),
  createSpecifiedNumber: (call: EllisCall, request: LineRequest) =>
    asked(call, (caller) => numbers.createSpecifiedNumber(context, caller, call, request)),
  deleteNumber: (call: EllisCall, request: LineRequest) =>
    asked(call, (caller) => numbers.deleteNumber(context, caller, request)),
  resetPassword: (call: EllisCall, request: LineRequest) =>
    asked(call, (caller) => numbers.resetPassword(context, caller, request)),
  getSimservs: (call: EllisCall, request: LineRequest) =>
    asked(call, (caller) => numbers.getSimservs(context, caller, request)),
  setSimservs: (call: EllisCall, request: LineRequest) =>
    asked(call, (caller) => numbers.setSimservs(context, caller, call, request)),
  getIfcs: (call: EllisCall, request: LineRequest) =>
    asked(call, (caller) => numbers.getIfcs(context, caller, request)),
  setIfcs: (call: EllisCall, request: LineRequest) =>
    asked(call, (caller) => numbers.setIfcs(context, caller, call, request)),
  isListed: (call: EllisCall, request: LineRequest) =>
    asked(call, (caller) => numbers.isListed(context, caller, request)),
  setListed: (call: EllisCall, request: LineRequest & Readonly<{ listed: string }>) =>
    asked(call, (caller) => numbers.setListed(context, caller, request)),
  addressBook: (call: EllisCall) => asked(call, (caller) => addressBook(context, caller)),
});

/** What the operators' part asks, once it is known that an operator asks. */
const operatorsPart = (context: EllisContext, live: Live, surroundings: Surroundings) => {
  const asked = async (call: EllisCall, handler: () => Outcome | Promise<Outcome>): Promise<Outcome> => {
    requireOperator(await callerOf(context, call));
    return handler();
  };
  return {
    /** 403 unless an operator asks. */
    admitOperator: async (call: EllisCall): Promise<Readonly<{ owner: string }>> => {
      const caller = await callerOf(context, call);
      requireOperator(caller);
      return { owner: byOf(caller) };
    },
    searchSubscribers: (call: EllisCall) => asked(call, () => searchSubscribers(context, call)),
    showSubscriber: (call: EllisCall, impu: string) => asked(call, () => showSubscriber(context, live, impu)),
    showCriteria: (call: EllisCall, impu: string) =>
      asked(call, () => numbers.showFilterCriteria(context, impu)),
    changeCriteria: (call: EllisCall, impu: string) =>
      asked(call, () => numbers.changeFilterCriteria(context, impu, call.text)),
    previewCriteria: (call: EllisCall, impu: string) =>
      asked(call, () => previewCriteria(live, impu, call.text)),
    showAnyLadder: (call: EllisCall, id: string) => asked(call, () => showWholeLadder(live, id)),
    showFigures: (call: EllisCall) =>
      asked(call, async () => shown(await figuresOf(context, live, surroundings))),
    figures: () => figuresOf(context, live, surroundings),
    showParked: (call: EllisCall) => asked(call, () => lists.showParked(surroundings)),
    retryParked: (call: EllisCall, id: string) => asked(call, () => lists.retryParked(surroundings, id)),
    showDeadLetters: (call: EllisCall) => asked(call, () => lists.showDeadLetters(surroundings)),
    replayDeadLetter: (call: EllisCall, id: string) =>
      asked(call, () => lists.replayDeadLetter(surroundings, id)),
    discardDeadLetter: (call: EllisCall, id: string) =>
      asked(call, () => lists.discardDeadLetter(surroundings, id)),
  };
};

const contextOn = (ports: EllisPorts, pools: NumberPools): EllisContext => ({
  ...ports,
  pools,
  throttles: throttlesOn(ports.clock),
  turns: new Turns({
    clock: ports.clock,
    runningMax: LINES_AT_ONCE_MAX,
    waitingMax: LINES_WAITING_MAX,
    waitingOfOneMax: LINES_WAITING_OF_ACCOUNT_MAX,
    waitingMsMax: LINE_WAITING_MS_MAX,
    reason: 'too many lines are being made: come again',
  }),
  secondLooks: new SecondLooks(ports.clock, (error) => ports.onFault?.(error)),
});

export const createEllis = (
  ports: EllisPorts,
  pools: NumberPools,
  surroundings: Surroundings = NOTHING_KNOWN,
) => {
  const context = contextOn(ports, pools);
  const asked: Asked = async (call, handler) => handler(await callerOf(context, call));
  const live = new Live({ ...ports, onFault: (error) => ports.onFault?.(error) });

  return {
    ...numbersPart(context, asked),
    ...operatorsPart(context, live, surroundings),
    live,
    /** What would look or change of its own accord does so no more. */
    stop: () => context.secondLooks.stop(),
    settings: ports.settings,
    onFault: (error: unknown) => ports.onFault?.(error),
    /** At a start, once the view is caught up; and now and then. */
    finishInterrupted: (graceMs: number) => finishInterrupted(context, graceMs),

    portal: (): Outcome =>
      shown({
        home_domain: ports.settings.homeDomain,
        websockets: ports.settings.websocketUrls,
        password_length_min: PASSWORD_LENGTH_MIN,
        recovery_mail: ports.mailer !== undefined,
      } satisfies PortalFacts),

    createAccount: (call: EllisCall) => createAccount(context, call),
    showAccount: (call: EllisCall, address: string) =>
      asked(call, (caller) => showAccount(context, caller, address)),
    deleteAccount: (call: EllisCall, address: string) =>
      asked(call, (caller) => deleteAccount(context, caller, address)),
    password: (call: EllisCall, address: string) =>
      asked(call, (caller) => passwordRequest(context, caller, call, address)),
    setRole: (call: EllisCall, address: string, role: 'user' | 'operator') =>
      asked(call, (caller) => {
        requireOperator(caller);
        return setRole(context, caller, address, role);
      }),

    signIn: (call: EllisCall) => signIn(context, call),
    showSession: (call: EllisCall) => asked(call, showSession),
    signOut: (call: EllisCall) => asked(call, (caller) => signOut(context, caller)),

    showDevices: (call: EllisCall, request: LineRequest) =>
      asked(call, (caller) => showDevices(context, live, caller, request)),
    showCalls: (call: EllisCall, request: LineRequest) =>
      asked(call, (caller) => showCalls(context, live, caller, call, request)),
    showLadder: (call: EllisCall, request: LineRequest & Readonly<{ id: string }>) =>
      asked(call, (caller) => showLadder(context, live, caller, request)),
    /** Whose live stream it is; refuses as every look at the number does. */
    admitWatcher: async (
      call: EllisCall,
      request: LineRequest,
    ): Promise<Readonly<{ owner: string; line: SeenLine }>> => {
      const caller = await callerOf(context, call);
      const line = await lineSeen(context, caller, request);
      return { owner: accountIn(request.address), line };
    },
  };
};

export type LineRequest = Readonly<{ address: string; number: string }>;
