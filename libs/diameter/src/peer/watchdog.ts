// The watchdog of RFC 3539 §3.4.1, its Appendix A row by row: whether a peer is trusted with requests. OKAY: yes. SUSPECT: it has
// not answered a DWR for a while. DOWN: closed. REOPEN: open again, on probation until three DWRs were answered. Acted on by peer.ts.

export type WatchdogStatus = 'INITIAL' | 'OKAY' | 'SUSPECT' | 'DOWN' | 'REOPEN';
export type WatchdogEvent =
  'Receive DWA' | 'Receive non-DWA' | 'Timer expires' | 'Connection up' | 'Connection down';
export type WatchdogAction =
  'SetWatchdog' | 'SendWatchdog' | 'Failover' | 'Failback' | 'CloseConnection' | 'AttemptOpen' | 'Throwaway';

type Variables = { pending: boolean; numDwa: number };
type Change = 'Pending = FALSE' | 'Pending = TRUE' | 'NumDWA++' | 'NumDWA = 0' | 'NumDWA = -1';

export type WatchdogRow = readonly [
  state: WatchdogStatus,
  event: WatchdogEvent,
  when: ((variables: Variables) => boolean) | undefined,
  actions: readonly (WatchdogAction | Change)[],
  next: WatchdogStatus,
];

const isPending = ({ pending }: Variables): boolean => pending;
const isNotPending = ({ pending }: Variables): boolean => !pending;

/** RFC 3539 Appendix A. What it throws away is processed here: requests are answered on the connection they came on. */
export const WATCHDOG_ROWS: readonly WatchdogRow[] = [
  ['OKAY', 'Receive DWA', undefined, ['Pending = FALSE', 'SetWatchdog'], 'OKAY'],
  ['OKAY', 'Receive non-DWA', undefined, ['SetWatchdog'], 'OKAY'],
  ['SUSPECT', 'Receive DWA', undefined, ['Pending = FALSE', 'Failback', 'SetWatchdog'], 'OKAY'],
  ['SUSPECT', 'Receive non-DWA', undefined, ['Failback', 'SetWatchdog'], 'OKAY'],
  [
    'REOPEN',
    'Receive DWA',
    ({ numDwa }) => numDwa === 2,
    ['Pending = FALSE', 'NumDWA++', 'Failback'],
    'OKAY',
  ],
  ['REOPEN', 'Receive DWA', ({ numDwa }) => numDwa < 2, ['Pending = FALSE', 'NumDWA++'], 'REOPEN'],
  ['REOPEN', 'Receive non-DWA', undefined, ['Throwaway'], 'REOPEN'],
  ['INITIAL', 'Receive DWA', undefined, ['Pending = FALSE', 'Throwaway'], 'INITIAL'],
  ['INITIAL', 'Receive non-DWA', undefined, ['Throwaway'], 'INITIAL'],
  ['DOWN', 'Receive DWA', undefined, ['Pending = FALSE', 'Throwaway'], 'DOWN'],
  ['DOWN', 'Receive non-DWA', undefined, ['Throwaway'], 'DOWN'],
  ['OKAY', 'Timer expires', isNotPending, ['SendWatchdog', 'SetWatchdog', 'Pending = TRUE'], 'OKAY'],
  ['OKAY', 'Timer expires', isPending, ['Failover', 'SetWatchdog'], 'SUSPECT'],
  ['SUSPECT', 'Timer expires', undefined, ['CloseConnection', 'SetWatchdog'], 'DOWN'],
  ['INITIAL', 'Timer expires', undefined, ['AttemptOpen', 'SetWatchdog'], 'INITIAL'],
  ['DOWN', 'Timer expires', undefined, ['AttemptOpen', 'SetWatchdog'], 'DOWN'],
  ['REOPEN', 'Timer expires', isNotPending, ['SendWatchdog', 'SetWatchdog', 'Pending = TRUE'], 'REOPEN'],
  ['REOPEN', 'Timer expires', ({ numDwa }) => numDwa < 0, ['CloseConnection', 'SetWatchdog'], 'DOWN'],
  ['REOPEN', 'Timer expires', ({ numDwa }) => numDwa >= 0, ['NumDWA = -1', 'SetWatchdog'], 'REOPEN'],
  ['INITIAL', 'Connection up', undefined, ['SetWatchdog'], 'OKAY'],
  [
    'DOWN',
    'Connection up',
    undefined,
    ['NumDWA = 0', 'SendWatchdog', 'SetWatchdog', 'Pending = TRUE'],
    'REOPEN',
  ],
  ['OKAY', 'Connection down', undefined, ['CloseConnection', 'Failover', 'SetWatchdog'], 'DOWN'],
  ['SUSPECT', 'Connection down', undefined, ['CloseConnection', 'SetWatchdog'], 'DOWN'],
  ['REOPEN', 'Connection down', undefined, ['CloseConnection', 'SetWatchdog'], 'DOWN'],
];

const key = (status: WatchdogStatus, event: WatchdogEvent): string => `${status}/${event}`;
const BY_KEY = Map.groupBy(WATCHDOG_ROWS, ([status, event]) => key(status, event));
/** What comes with each message costs no search. */
const HEARD: readonly WatchdogAction[] = ['SetWatchdog'];

export type Watchdog = Readonly<{
  status: WatchdogStatus;
  /** A DWR has not been answered yet. */
  isPending: boolean;
  /** What is to be done, in order. */
  step(event: WatchdogEvent): readonly WatchdogAction[];
}>;

export const createWatchdog = (): Watchdog => {
  const variables: Variables = { pending: false, numDwa: 0 };
  let status: WatchdogStatus = 'INITIAL';
  const change = (action: WatchdogAction | Change): readonly WatchdogAction[] => {
    switch (action) {
      case 'Pending = FALSE':
        variables.pending = false;
        return [];
      case 'Pending = TRUE':
        variables.pending = true;
        return [];
      case 'NumDWA++':
        variables.numDwa++;
        return [];
      case 'NumDWA = 0':
        variables.numDwa = 0;
        return [];
      case 'NumDWA = -1':
        variables.numDwa = -1;
        return [];
      default:
        return [action];
    }
  };
  return {
    get status() {
      return status;
    },
    get isPending() {
      return variables.pending;
    },
    step(event) {
      if (status === 'OKAY' && event === 'Receive non-DWA') return HEARD;
      const row = BY_KEY.get(key(status, event))?.find(([, , when]) => when?.(variables) ?? true);
      if (!row) return [];
      const [, , , actions, next] = row;
      status = next;
      // A new connection has no DWR outstanding (the appendix leaves it as it was).
      if (event === 'Connection down') variables.pending = false;
      return actions.flatMap(change);
    },
  };
};
