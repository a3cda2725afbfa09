// Challenges that may still be answered, one record a private identity, in a store that Sprouts can share (docs/architecture.md §2).
// A nonce lives 40 s unanswered, then as long as the registration that it authenticated; its nc only rises (RFC 7616 §3.4).
import type { KeyValueStore } from '#libs/stores';

/** `ha1`: hexadecimal, over what the SIM makes of this one challenge (RFC 3310 §3.3). */
export type AkaChallenge = Readonly<{ version: 1 | 2; ha1: string }>;

export type Challenge = Readonly<{
  nonce: string;
  /** Highest nonce count accepted; 0: not answered yet. */
  nc: number;
  expiresAtMs: number;
  /** Address that an unanswered one went to. */
  to?: string;
  /** Of AKA: what the right answer is judged by. Such a challenge is good for one answer. */
  aka?: AkaChallenge;
}>;
/** Unanswered ones oldest first, those in use least recently used first. */
export type LiveChallenges = readonly Challenge[];

/**
 * Unanswered challenges an IMPI. Beyond it the address that holds most of them loses its oldest: a client's own burst, or
 * somebody who asks in the user's name, puts out what went to itself and not what the user is about to answer.
 */
export const UNANSWERED_MAX = 5;
/**
 * Challenges an IMPI that were answered. Beyond it the least recently used goes; its phone is told stale and answers anew.
 * A bound of their own: no number of requests without the password puts out one of them, and they no young challenge.
 */
export const IN_USE_MAX = 5;
const UNANSWERED_S = 40;
/** Only requests of one private identity contend: more than this is an attack on it. */
const CAS_ATTEMPTS_MAX = 20;

/** The oldest unanswered challenge of the address that holds most; the older address of two that hold alike. */
const leastWorthy = (unanswered: readonly Challenge[]): Challenge | undefined => {
  const held = (to: string | undefined) => unanswered.filter((challenge) => challenge.to === to).length;
  const most = Math.max(...unanswered.map(({ to }) => held(to)));
  return unanswered.find(({ to }) => held(to) === most);
};

const makeRoom = (live: Challenge[]): void => {
  if (live.length < UNANSWERED_MAX) return;
  const unanswered = live.filter(({ nc }) => nc === 0);
  const gone = unanswered.length < UNANSWERED_MAX ? undefined : leastWorthy(unanswered);
  if (gone !== undefined) live.splice(live.indexOf(gone), 1);
};

/** Puts one that was just used behind the others. */
const used = (live: Challenge[], at: number, challenge: Challenge): void => {
  live.splice(at, 1);
  if (live.length >= IN_USE_MAX && live.filter(({ nc }) => nc > 0).length >= IN_USE_MAX)
    live.splice(
      live.findIndex(({ nc }) => nc > 0),
      1,
    );
  live.push(challenge);
};

const ttlS = (live: LiveChallenges, nowMs: number): number =>
  Math.ceil((live.reduce((until, { expiresAtMs }) => Math.max(until, expiresAtMs), nowMs) - nowMs) / 1000) +
  1;

export type NonceVerdict = 'accepted' | 'unknown' | 'replayed' | 'contended';

/** The challenges of all private identities. Every call rejects with StoreUnavailable when the store cannot tell. */
export class Challenges {
  constructor(private readonly store: KeyValueStore<LiveChallenges>) {}

  /** Remembers a new challenge. False: contended beyond the bound. */
  add(impi: string, nonce: string, nowMs: number, to: string, aka?: AkaChallenge): Promise<boolean> {
    return this.#change(impi, nowMs, (live) => {
      makeRoom(live);
      const made = { nonce, nc: 0, expiresAtMs: nowMs + UNANSWERED_S * 1000, to };
      live.push(aka === undefined ? made : { ...made, aka });
      return true;
    });
  }

  async find(impi: string, nonce: string, nowMs: number): Promise<Challenge | undefined> {
    const found = await this.store.get(impi);
    return found?.value.find((challenge) => challenge.nonce === nonce && challenge.expiresAtMs > nowMs);
  }

  /** Uses one nonce count of a challenge: of two requests with the same nc at two nodes exactly one is accepted. */
  async accept(
    impi: string,
    nonce: string,
    nc: number,
    keepUntilMs: number,
    nowMs: number,
  ): Promise<NonceVerdict> {
    let verdict: NonceVerdict = 'unknown';
    const stored = await this.#change(impi, nowMs, (live) => {
      const at = live.findIndex((challenge) => challenge.nonce === nonce);
      const challenge = live[at];
      if (challenge === undefined) return ((verdict = 'unknown'), false);
      if (nc <= challenge.nc) return ((verdict = 'replayed'), false);
      // Its own nonce, not the client's equal one: that keeps the request that it was cut from.
      const { nonce: own, expiresAtMs } = challenge;
      used(live, at, { nonce: own, nc, expiresAtMs: Math.max(expiresAtMs, keepUntilMs) });
      verdict = 'accepted';
      return true;
    });
    return stored ? verdict : 'contended';
  }

  /** Uses up a challenge: of two answers to it, at whatever nodes, one is accepted. */
  async take(impi: string, nonce: string, nowMs: number): Promise<NonceVerdict> {
    let verdict: NonceVerdict = 'unknown';
    const stored = await this.#change(impi, nowMs, (live) => {
      const at = live.findIndex((challenge) => challenge.nonce === nonce);
      if (at < 0) return ((verdict = 'unknown'), false);
      live.splice(at, 1);
      verdict = 'accepted';
      return true;
    });
    return stored ? verdict : 'contended';
  }

  /** CAS loop; `change` edits a copy and may return false for "leave it as it is". */
  async #change(impi: string, nowMs: number, change: (live: Challenge[]) => boolean): Promise<boolean> {
    for (let attempt = 0; attempt < CAS_ATTEMPTS_MAX; attempt++) {
      const found = await this.store.get(impi);
      const live = (found?.value ?? []).filter(({ expiresAtMs }) => expiresAtMs > nowMs);
      if (!change(live)) return true;
      // slice: as long as what is in it, where one that was pushed to has room for 16 more.
      if (await this.store.cas(impi, live.slice(), found?.version, ttlS(live, nowMs))) return true;
    }
    return false;
  }
}
