// What is typed at the HSS: rtr, ppr, show, reload. Read from standard input by main.ts.
import type { Subscribers } from './assignments.js';
import { type Hss, type Pushed, type Reason, REASON } from './hss.js';

export const USAGE = `rtr <IMPI> [reason 0-3] [IMPU...]   take the registration back
ppr <IMPI>                          send the profile as it is now
show <IMPI>                         state and S-CSCF
reload                              read the file of subscribers again
`;

export type CommandPorts = Readonly<{ hss: Hss; subscribers: Subscribers; reload(): string }>;

const told = (result: Pushed): string =>
  result.ok ? `answered ${result.resultCode}` : `not done: ${result.reason}`;

const isReason = (value: number): value is Reason => Object.values<number>(REASON).includes(value);

/** What to print. */
export const runCommand = async (
  { hss, subscribers, reload }: CommandPorts,
  line: string,
): Promise<string> => {
  const [command = '', impi = '', ...rest] = line.trim().split(/\s+/);
  if (command === '') return '';
  if (command === 'reload') return reload();
  const subscriber = subscribers.byImpi(impi);
  if (!['rtr', 'ppr', 'show'].includes(command)) return USAGE;
  if (!subscriber) return `${impi === '' ? 'no IMPI' : impi} is not known`;
  if (command === 'ppr') return told(await hss.pushProfile(impi));
  if (command === 'rtr') {
    const [reasonText, ...impus] = rest;
    const reason = Number(reasonText ?? REASON.PERMANENT_TERMINATION);
    return isReason(reason) ? told(await hss.deregister(impi, reason, impus)) : 'takes a reason from 0 to 3';
  }
  const { state, serverName, serverHost } = subscribers.assignment(subscriber);
  return `${impi} is ${state}${serverName === undefined ? '' : ` at ${serverName}`}${serverHost === undefined ? '' : ` (${serverHost})`}`;
};
