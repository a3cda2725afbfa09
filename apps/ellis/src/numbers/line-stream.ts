// Commands against number-<SIP URI>, and what is asked of lines everywhere. Read by the handlers of numbers.
import {
  type LineNumber,
  lineNumber,
  type LineNumberCommand,
  type LineNumberEvent,
  type LineNumberState,
  numberStream,
} from '#libs/domain';
import { AppendUnknown, executeOn, type ExecutePorts } from '#libs/event-log';
import { numberByLog } from '../by-log.js';
import type { EllisContext } from '../context.js';
import { isRefused, notFound } from '../outcome.js';

const execute = executeOn<LineNumberState, LineNumberCommand, LineNumberEvent>(lineNumber, numberStream);

/** Each waits for the log as long as an append may take. */
const TRIES_MAX = 2;

/** What became of a release that was asked for twice: the first one was kept, whoever has the number since. */
const isReleased = (command: LineNumberCommand, error: unknown): boolean =>
  command.type === 'ReleaseNumber' && isRefused(error, 'UnknownNumber');

/**
 * Where it is not known whether a command was kept it is asked again: twice the same command is one change, so a line that is being made goes on
 * instead of being left half made. Rejects with AppendUnknown when that is not known either.
 */
export const onNumber = async (
  { log, lines: view, clock }: Pick<EllisContext, 'log' | 'lines' | 'clock'>,
  command: LineNumberCommand,
): Promise<LineNumberState> => {
  const ports: ExecutePorts = { log, view, clock };
  for (let tries = 1; ; tries++) {
    try {
      return (await execute(ports, command.data.number, [command])).state;
    } catch (error) {
      if (tries > 1 && isReleased(command, error)) return undefined;
      if (!(error instanceof AppendUnknown) || tries >= TRIES_MAX) throw error;
    }
  }
};

const SIP_URI_LENGTH_MAX = 128;
const SIP_URI = /^sip:[A-Za-z0-9_.!~*'()&=+$,;?/%-]+@[A-Za-z0-9.-]+$/;

/** What a number may be called. */
export const isNumber = (text: string): boolean => text.length <= SIP_URI_LENGTH_MAX && SIP_URI.test(text);

/** Of this account and complete; 404 otherwise, whosever it is. */
export const requireLine = async (
  context: EllisContext,
  account: string,
  number: string,
): Promise<LineNumber> => {
  const isOwn = (line: LineNumber): boolean => line.account === account && line.isProvisioned;
  const line = isNumber(number) ? await numberByLog(context, number, isOwn) : undefined;
  if (line === undefined || !isOwn(line)) throw notFound('no such number of this account');
  return line;
};

/** The public identity that its private one was named for. */
export const isDefaultOf = ({ number, privateId }: LineNumber): boolean => number === `sip:${privateId}`;
