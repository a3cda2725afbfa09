// Metrics in Prometheus form. Hot paths count in plain numbers (`counter.n += 1`), which are read when Prometheus asks;
// prom-client is wrapped here alone. Read by GET /metrics.
import { Counter, Gauge, type Histogram, Registry } from 'prom-client';

/** Adding to `n` is all that a hot path does. */
export interface HotCounter {
  n: number;
}

/** A latency distribution that costs a short scan and two additions. */
export interface HotHistogram {
  observe(value: number): void;
}

export interface Metrics {
  counter(name: string, help: string): HotCounter;
  /** One counter a label value, all known beforehand: a peer cannot make new ones. */
  counters<V extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly V[],
  ): Readonly<Record<V, HotCounter>>;
  /** A counter that is kept elsewhere, one value a label; read at each scrape. */
  counted(name: string, help: string, label: string, read: Readonly<Record<string, () => number>>): void;
  /** As `counted` with several labels, whose values are bounded elsewhere; `read` gives them in the order of `labels`. */
  tallied(
    name: string,
    help: string,
    labels: readonly string[],
    read: () => Iterable<readonly [values: readonly string[], count: number]>,
  ): void;
  /** `read` is called at each scrape. */
  gauge(name: string, help: string, read: () => number): void;
  /** One gauge a label value; `read` gives them at each scrape, and bounds how many there are. */
  labelled(name: string, help: string, label: string, read: () => Iterable<readonly [string, number]>): void;
  histogram(name: string, help: string, buckets: readonly number[]): HotHistogram;
  /** For rare events with labels that are bounded by configuration. */
  readonly registry: Registry;
  text(): Promise<string>;
  readonly contentType: string;
}

/** Milliseconds: from what one process answers at once to SIP's Timer B. */
export const LATENCY_BUCKETS_MS: readonly number[] = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 4000, 32000,
];

const addProcessGauges = (registry: Registry): void => {
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time of this process, seconds',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory, bytes',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'Heap in use, bytes',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  let last = performance.eventLoopUtilization();
  new Gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'Share of the time since the last scrape in which the event loop was busy, 0 to 1',
    registers,
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  });
};

const hotHistogram = (
  registry: Registry,
  name: string,
  help: string,
  buckets: readonly number[],
): HotHistogram => {
  const counts = new Array<number>(buckets.length + 1).fill(0);
  let sum = 0;
  const collected = () => {
    let total = 0;
    const values: object[] = counts.map((count, i) => {
      total += count;
      return { labels: { le: buckets[i] ?? '+Inf' }, value: total, metricName: `${name}_bucket` };
    });
    values.push({ labels: {}, value: sum, metricName: `${name}_sum` });
    values.push({ labels: {}, value: total, metricName: `${name}_count` });
    return Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' });
  };
  // prom-client's own observe() looks labels up at each call: its registry only ever asks for the text.
  const shape = { name, get: collected, getForPromString: collected };
  registry.registerMetric(shape as unknown as Histogram);
  return {
    observe(value) {
      let i = 0;
      while (i < buckets.length && value > (buckets[i] ?? Infinity)) i += 1;
      counts[i] = (counts[i] ?? 0) + 1;
      sum += value;
    },
  };
};

const labelledGauge = (
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => Iterable<readonly [string, number]>,
): void => {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of read()) this.set({ [label]: value }, count);
    },
  });
};

/** `labels` stand on every sample: the app and the node. */
export const createMetrics = (labels: Readonly<Record<string, string>> = {}): Metrics => {
  const registry = new Registry();
  registry.setDefaultLabels({ ...labels });
  addProcessGauges(registry);
  const counted: Metrics['counted'] = (name, help, label, read) => {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read)) this.inc({ [label]: value }, count());
      },
    });
  };

  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter(name, help) {
      const hot: HotCounter = { n: 0 };
      new Counter({
        name,
        help,
        registers: [registry],
        collect() {
          this.reset();
          this.inc(hot.n);
        },
      });
      return hot;
    },
    counters(name, help, label, values) {
      const hot = Object.fromEntries(values.map((value) => [value, { n: 0 }])) as Record<
        (typeof values)[number],
        HotCounter
      >;
      counted(name, help, label, Object.fromEntries(values.map((value) => [value, () => hot[value].n])));
      return hot;
    },
    counted,
    tallied(name, help, labels, read) {
      new Counter({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        collect() {
          this.reset();
          for (const [values, count] of read())
            this.inc(Object.fromEntries(labels.map((label, i) => [label, values[i] ?? ''])), count);
        },
      });
    },
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    },
    labelled: (name, help, label, read) => labelledGauge(registry, name, help, label, read),
    histogram: (name, help, buckets) => hotHistogram(registry, name, help, buckets),
  };
};
