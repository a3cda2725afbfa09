// Commands against number-<SIP URI>, and what is asked of lines everywhere. Read by the handlers of numbers.
import {
  type LineNumber,
  lineNumber,
  type LineNumberCommand,
  type LineNumberEvent,
  type LineNumberState,
  numberStream,
} from '#libs/domain';
import { executeOn, type ExecutePorts } from '#libs/event-log';
import { numberByLog } from '../by-log.js';
import type { EllisContext } from '../context.js';
import { notFound } from '../outcome.js';

const execute = executeOn<LineNumberState, LineNumberCommand, LineNumberEvent>(lineNumber, numberStream);

export const onNumber = async (
  { log, lines: view, clock }: Pick<EllisContext, 'log' | 'lines' | 'clock'>,
  command: LineNumberCommand,
): Promise<LineNumberState> => {
  const ports: ExecutePorts = { log, view, clock };
  return (await execute(ports, command.data.number, [command])).state;
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
