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
}>;

/** An event written by a newer version of this program: it cannot be folded here. */
export class UnknownVersion extends Error {}

export type Upcasting = Readonly<{
  /** The version that events of the type are written with. */
  versionOf: (stream: string, type: string) => number;
  upcast: (stream: string, event: DomainEvent, version: number) => DomainEvent;
}>;

const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-'));

/** Throws when a step of a type's chain is missing or there twice. */
export const createUpcasting = (upcasters: readonly Upcaster[]): Upcasting => {
  /** `<category>.<type>` → steps; the one at index n is from version n + 1. */
  const chains = new Map<string, ((event: DomainEvent) => DomainEvent)[]>();
  for (const { category, type, from, up } of [...upcasters].sort((a, b) => a.from - b.from)) {
    const key = `${category}.${type}`;
    const chain = chains.get(key) ?? [];
    if (chain.length !== from - 1)
      throw new Error(`upcasters of ${key}: version ${from} is missing or there twice`);
    chain.push(up);
    chains.set(key, chain);
  }
  if (chains.size === 0) {
    return { versionOf: () => 1, upcast: (stream, event, version) => known(stream, event, version, 1) };
  }
  const chainOf = (stream: string, type: string) => chains.get(`${categoryOf(stream)}.${type}`);
  return {
    versionOf: (stream, type) => (chainOf(stream, type)?.length ?? 0) + 1,
    upcast: (stream, event, version) => {
      const chain = chainOf(stream, event.type);
      const newest = (chain?.length ?? 0) + 1;
      let upcasted = known(stream, event, version, newest);
      for (let step = version; step < newest; step++) upcasted = chain?.[step - 1]?.(upcasted) ?? upcasted;
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
