// A callback as Chronos makes it (backend.md §6.2). Adapter: http-callbacks.ts. Users: popper.ts, dead-letters.ts.

export type CallbackOutcome = Readonly<{ ok: true; body: string }> | Readonly<{ ok: false; reason: string }>;

export interface Callbacks {
  /** POSTs `opaque`; never rejects. Undefined: as many wait for that host as may. */
  send(uri: string, sequence: number, opaque: string): Promise<CallbackOutcome> | undefined;
  /** Under way or waiting, over all hosts. */
  readonly pending: number;
  close(): Promise<void>;
}
