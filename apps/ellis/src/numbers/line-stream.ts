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

/** Of this account and complete; 404 otherwise, whosever it is. */
export const requireLine = async (
  { lines }: Pick<EllisContext, 'lines'>,
  account: string,
  number: string,
): Promise<LineNumber> => {
  const line = await lines.number(number);
  if (line?.account !== account || !line.isProvisioned) throw notFound('no such number of this account');
  return line;
};

/** The public identity that its private one was named for. */
export const isDefaultOf = ({ number, privateId }: LineNumber): boolean => number === `sip:${privateId}`;
