// A step of one event from a version to the next (docs/architecture.md §2). Written per aggregate, gathered in upcasters.ts. Readers:
// whoever opens a log.

export type EventUpcaster = Readonly<{
  category: string;
  type: string;
  from: number;
  up: (event: Readonly<{ type: string; data: object }>) => Readonly<{ type: string; data: object }>;
  /** The next version only adds fields: an event of it is one of this version too. */
  isAddition?: true;
}>;
