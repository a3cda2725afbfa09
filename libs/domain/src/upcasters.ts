// Steps from old versions of events to the next (docs/architecture.md §2): folds know only the newest shape.
// A new version of an event: schemas/<category>/<event>.v<N+1>.json, and here its step from N, which is pure and takes
// every event of version N ever written. Readers: whoever opens a log, the schema tests.

export type EventUpcaster = Readonly<{
  category: string;
  type: string;
  from: number;
  up: (event: Readonly<{ type: string; data: object }>) => Readonly<{ type: string; data: object }>;
}>;

/** None yet: every event is in its first version. */
export const UPCASTERS: readonly EventUpcaster[] = [];
