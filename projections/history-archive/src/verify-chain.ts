// Is the archive whole? Every event once, each stream in its order, one chain a partition, signed heads that are of it.
// Reads all of an archive; used by `npm run history -- verify`, tests and acceptance.
import { verifyHead } from './signed-head.js';
import type { ArchivedEntry } from '#libs/archive';
import type { Position } from '#libs/decider';
import { factsOf, isAfter } from './archived-event.js';
import { GENESIS, holdsLink, placeOf } from './chain.js';

export type ChainReport = Readonly<{
  events: number;
  streams: number;
  /** Partitions of topics. */
  places: number;
  heads: number;
  /** Public keys (Ed25519, base64url) that signed heads. */
  signers: readonly string[];
  /** What is wrong, the first of it; empty: nothing. */
  faults: readonly string[];
  faultCount: number;
}>;

/** Told at most; further ones are counted. */
const FAULTS_MAX = 20;

export const verifyArchive = async (entries: AsyncIterable<ArchivedEntry>): Promise<ChainReport> => {
  const check = new ArchiveCheck();
  for await (const entry of entries) check.take(entry);
  return check.report();
};

class ArchiveCheck {
  #events = 0;
  #heads = 0;
  #faultCount = 0;
  readonly #faults: string[] = [];
  readonly #signers = new Set<string>();
  readonly #ids = new Set<string>();
  /** By stream: its last event. */
  readonly #streams = new Map<string, Readonly<{ ordinal: number; position: Position }>>();
  /** By place: which link follows which. */
  readonly #links = new Map<string, Map<string, string>>();
  /** By place: hashes that signed heads name. */
  readonly #named = new Map<string, string[]>();

  take(entry: ArchivedEntry): void {
    const head = verifyHead(entry);
    if (head !== undefined) {
      this.#heads += 1;
      if (!head.isSigned) this.#fault(`${entry.stream}: head ${entry.ordinal} is not signed by its key`);
      this.#signers.add(head.key);
      this.#named.set(head.place, [...(this.#named.get(head.place) ?? []), head.hash]);
      return;
    }
    const facts = factsOf(entry);
    if (!facts) return;
    const at = `${entry.stream} #${entry.ordinal}`;
    this.#events += 1;
    if (this.#ids.has(facts.id)) this.#fault(`${at}: event ${facts.id} is there twice`);
    this.#ids.add(facts.id);
    const before = this.#streams.get(entry.stream);
    if (entry.ordinal !== (before?.ordinal ?? 0) + 1) this.#fault(`${at}: entries before it are gone`);
    if (before && !isAfter(facts.position, before.position)) this.#fault(`${at}: it is out of order`);
    this.#streams.set(entry.stream, { ordinal: entry.ordinal, position: facts.position });
    if (!holdsLink(entry, facts)) this.#fault(`${at}: it is not what its link says`);
    this.#link(at, placeOf(facts), facts.chain?.previous ?? '', facts.chain?.hash ?? '');
  }

  report(): ChainReport {
    for (const [place, links] of this.#links) this.#walk(place, links);
    for (const [place, hashes] of this.#named) {
      const there = new Set(this.#links.get(place)?.values());
      for (const hash of hashes)
        if (!there.has(hash)) this.#fault(`${place}: the event of a signed head is gone`);
    }
    return {
      events: this.#events,
      streams: this.#streams.size,
      places: this.#links.size,
      heads: this.#heads,
      signers: [...this.#signers],
      faults: this.#faults,
      faultCount: this.#faultCount,
    };
  }

  #link(at: string, place: string, previous: string, hash: string): void {
    const links = this.#links.get(place) ?? new Map<string, string>();
    if (links.has(previous)) this.#fault(`${at}: another event has the same link before it`);
    links.set(previous, hash);
    this.#links.set(place, links);
  }

  /** From the genesis each link leads to the next; what is not met on the way hangs on an event that is gone. */
  #walk(place: string, links: ReadonlyMap<string, string>): void {
    let met = 0;
    for (let hash = links.get(GENESIS); hash !== undefined && met < links.size; hash = links.get(hash))
      met += 1;
    if (met < links.size) this.#fault(`${place}: ${links.size - met} of ${links.size} events hang on one that is gone`);
  } // prettier-ignore

  #fault(what: string): void {
    this.#faultCount += 1;
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(what);
  }
}
