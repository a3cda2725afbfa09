// What becomes of a request that an application server was asked about: is it alive, and if not, what does the criterion's
// default handling say? TS 24.229 §5.4.3.2 and §5.4.3.3 (time-out, 408, 5xx), TS 29.228 §B.2.2 (DefaultHandling).
// Pure: who asks keeps the timer. Reader: sprout's ISC side.
import type { ApplicationServer } from './service-profile.js';

/**
 * silent: nothing came yet. trying: a 100, which promises nothing. responsive: it answered 101–199, and what it says from then on
 * is the session's own answer. returned: it gave the request back, with the same meaning, unless it takes that back.
 */
export type ServerWatch = Readonly<{
  handling: ApplicationServer['defaultHandling'];
  phase: 'silent' | 'trying' | 'returned' | 'responsive';
}>;

export type ServerSign =
  | Readonly<{ kind: 'provisional'; status: number }>
  /** The request came back, by its original dialog identifier. */
  | Readonly<{ kind: 'returned' }>
  /** The liveness timer fired. */
  | Readonly<{ kind: 'overdue' }>
  /** A final answer of the server other than 2xx, or (408, 503) of the SIP layer about it. */
  | Readonly<{
      kind: 'failed';
      status: number;
      /** The program behind it has gone, and what it gave back has been taken back. */
      withdrawn?: boolean;
    }>;

/**
 * wait: nothing changes. wait-anew: the liveness timer starts again. alive: it stops. bypass: on with the next criterion, as if
 * this one had not matched. time-out: answer 408. pass-back: the answer is the caller's.
 */
export type ServerVerdict = 'wait' | 'wait-anew' | 'alive' | 'bypass' | 'time-out' | 'pass-back';

export type Watched = Readonly<{ watch: ServerWatch; verdict: ServerVerdict }>;

/** A request was sent to a server of this default handling. */
export const watchServer = (handling: ServerWatch['handling']): ServerWatch => ({
  handling,
  phase: 'silent',
});

/** 408 and 5xx tell of a server that does not work; every other answer is a decision that it made. */
export const isServerFault = (status: number): boolean => status === 408 || (status >= 500 && status < 600);

export const heardOfServer = (watch: ServerWatch, sign: ServerSign): Watched => {
  const { handling, phase } = watch;
  switch (sign.kind) {
    case 'provisional':
      if (sign.status > 100) return responsive(watch);
      return phase === 'silent'
        ? { watch: { handling, phase: 'trying' }, verdict: 'wait-anew' }
        : { watch, verdict: 'wait' };
    case 'returned':
      return isWaitedFor(phase)
        ? { watch: { handling, phase: 'returned' }, verdict: 'alive' }
        : { watch, verdict: 'wait' };
    case 'overdue':
      if (!isWaitedFor(phase)) return { watch, verdict: 'wait' };
      return { watch, verdict: handling === 'continued' ? 'bypass' : 'time-out' };
    case 'failed': {
      const isUndone = phase === 'returned' && sign.withdrawn === true;
      const isBypassed =
        handling === 'continued' && (isWaitedFor(phase) || isUndone) && isServerFault(sign.status);
      return { watch, verdict: isBypassed ? 'bypass' : 'pass-back' };
    }
  }
};

const isWaitedFor = (phase: ServerWatch['phase']): boolean => phase === 'silent' || phase === 'trying';

const responsive = (watch: ServerWatch): Watched => ({
  watch: watch.phase === 'responsive' ? watch : { ...watch, phase: 'responsive' },
  verdict: isWaitedFor(watch.phase) ? 'alive' : 'wait',
});
