// An alarm of docker/prometheus/alarms.yml as something that can be raised. The faults: alarm-faults.ts; brought about by alarms.ts.
import type { FaultBench } from './charged.js';

/** What faults are brought about on. */
export type AlarmBench = FaultBench &
  Readonly<{
    folder: string;
    /** Prometheus looks at one more process, until the function returned is called. */
    look(target: string): () => void;
  }>;

export type AlarmFault = Readonly<{
  alarms: readonly string[];
  /** Of these, those that fire only once the fault ends. */
  raisedByEnd?: readonly string[];
  what: string;
  begin(bench: AlarmBench): Promise<void>;
  end(bench: AlarmBench): Promise<void>;
}>;
