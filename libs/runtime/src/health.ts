// What is ready: one flag a part of the process ("log", "views", "sip"), and whether it is draining: for a while (drain/drain.ts), or at its end.
// Read by GET /healthz and by the start; written by the parts themselves.

export type HealthStatus = Readonly<{
  status: 'ready' | 'starting' | 'draining';
  parts: Readonly<Record<string, Readonly<{ ready: boolean; reason?: string }>>>;
}>;

/** The handle that a part keeps to tell how it is. */
export interface HealthPart {
  ready(): void;
  notReady(reason: string): void;
}

export interface Health {
  /** Registers a part, not ready at first. The same name gives the same part. */
  part(name: string): HealthPart;
  /** For good: the process ends. */
  drain(): void;
  /** Takes no new work, until it comes back. */
  leave(): void;
  comeBack(): void;
  readonly draining: boolean;
  readonly ok: boolean;
  status(): HealthStatus;
}

export const createHealth = (): Health => {
  const parts = new Map<string, { ready: boolean; reason?: string }>();
  let isEnding = false;
  let isAway = false;
  const allReady = () => parts.size > 0 && [...parts.values()].every(({ ready }) => ready);

  return {
    part(name) {
      if (!parts.has(name)) parts.set(name, { ready: false, reason: 'starting' });
      return {
        ready: () => void parts.set(name, { ready: true }),
        notReady: (reason) => void parts.set(name, { ready: false, reason }),
      };
    },
    drain: () => {
      isEnding = true;
    },
    leave: () => {
      isAway = true;
    },
    comeBack: () => {
      isAway = false;
    },
    get draining() {
      return isEnding || isAway;
    },
    get ok() {
      return !isEnding && !isAway && allReady();
    },
    status: () => ({
      status: isEnding || isAway ? 'draining' : allReady() ? 'ready' : 'starting',
      parts: Object.fromEntries(parts),
    }),
  };
};
