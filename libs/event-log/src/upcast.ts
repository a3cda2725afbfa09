// Old events in today's shape: a registry of pure functions, each from one version of one event type to the next.
// Applied when events are read back; what is in the files is never changed (docs/architecture.md §2, schemas).
import type { DomainEvent } from './event-log.port.js';

/** From version `from` of a type to version `from` + 1; it may rename the type by a last step of its own. */
export type Upcaster = Readonly<{
  /** What stands before the first `-` of the streams it is about. */
  category: string;
  type: string;
  from: number;
  up: (event: DomainEvent) => DomainEvent;
  /**
   * What is written in the next version is an event of this one too: fields were added that it does not name. Then it is written as this one
   * until all who read it know the next (docs/adr/0022-events-that-all-nodes-know.md).
   */
  isAddition?: true;
}>;

/** May events of a type (`<category>.<type>`) be written in this version by now? Asked of additions only. */
export type MayWrite = (type: string, version: number) => boolean;

/** The newest versions that are additions, by `<category>.<type>`: what others have to know of before it is written. */
export const additionsIn = (
  upcasters: readonly Pick<Upcaster, 'category' | 'type' | 'from' | 'isAddition'>[],
): Readonly<Record<string, number>> => {
  const newest: Record<string, number> = {};
  for (const { category, type, from, isAddition } of upcasters)
    if (isAddition === true) {
      const key = `${category}.${type}`;
      newest[key] = Math.max(newest[key] ?? 1, from + 1);
    }
  return newest;
};

/** An event written by a newer version of this program: it cannot be folded here. */
export class UnknownVersion extends Error {}

export type Upcasting = Readonly<{
  /** The version that events of the type are written with. */
  versionOf: (stream: string, type: string) => number;
  upcast: (stream: string, event: DomainEvent, version: number) => DomainEvent;
}>;

const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-'));

/** Throws when a step of a type's chain is missing or there twice. */
export const createUpcasting = (
  upcasters: readonly Upcaster[],
  mayWrite: MayWrite = () => true,
): Upcasting => {
  /** `<category>.<type>` → steps; the one at index n is from version n + 1. */
  const chains = new Map<string, Upcaster[]>();
  for (const upcaster of [...upcasters].sort((a, b) => a.from - b.from)) {
    const { category, type, from } = upcaster;
    const key = `${category}.${type}`;
    const chain = chains.get(key) ?? [];
    if (chain.length !== from - 1)
      throw new Error(`upcasters of ${key}: version ${from} is missing or there twice`);
    chain.push(upcaster);
    chains.set(key, chain);
  }
  if (chains.size === 0) {
    return { versionOf: () => 1, upcast: (stream, event, version) => known(stream, event, version, 1) };
  }
  const chainOf = (stream: string, type: string) => chains.get(`${categoryOf(stream)}.${type}`);
  return {
    versionOf(stream, type) {
      const chain = chainOf(stream, type);
      if (chain === undefined) return 1;
      let version = chain.length + 1;
      while (chain[version - 2]?.isAddition === true && !mayWrite(`${categoryOf(stream)}.${type}`, version))
        version--;
      return version;
    },
    upcast: (stream, event, version) => {
      const chain = chainOf(stream, event.type);
      const newest = (chain?.length ?? 0) + 1;
      let upcasted = known(stream, event, version, newest);
      for (let step = version; step < newest; step++) upcasted = chain?.[step - 1]?.up(upcasted) ?? upcasted;
      return upcasted;
    },
  };
};

const known = (stream: string, event: DomainEvent, version: number, newest: number): DomainEvent => {
  if (version <= newest) return event;
  throw new UnknownVersion(
    `${event.type} of ${stream} has version ${version}; this program knows up to ${newest}`,
  );
};
