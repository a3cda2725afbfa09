// Traces to whoever takes OTLP over HTTP (OpenTelemetry's SDK). Its packages are loaded where OTEL_EXPORTER_OTLP_ENDPOINT names somebody, and not
// before. What waits is bounded; at the bound, and where the collector does not take it, spans are lost and counted: a call never waits for its trace.
// Port: traces.port.ts. Opened by process.ts.
import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { IdGenerator, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import { isInShare, type SpanNames, spanNames } from './traced-calls.js';
import { TRACED_PARTS, type TracedPart, type ToldSpan, type Traces } from './traces.port.js';

/** Spans that wait; one more is dropped. */
export const SPANS_WAITING_MAX = 4_096;
const SPANS_TOGETHER = 512;
const SEND_EVERY_MS = 1_000;
/** A collector that is slower is taken for one that does not answer: within what a shutdown has for it. */
const SEND_MS_MAX = 900;
const FAILURES_A_LINE = 100;
/** ExportResultCode of @opentelemetry/core. */
const SUCCESS = 0;

export type TracesOptions = Readonly<{
  /** `http://collector:4318` */
  endpoint: string;
  /** Of all calls, 0 to 1. */
  share: number;
  /** Which process tells. */
  instance: string;
  metrics: Metrics;
  logger: Pick<Logger, 'warn'>;
}>;

export interface OpenTraces {
  readonly traces: Traces;
  /** Sends what waits, for as long as one sending may take. Never rejects. */
  close(): Promise<void>;
}

type Counts = Record<'sent' | 'failed' | 'dropped', { n: number }>;

const countsIn = (metrics: Metrics): Counts =>
  metrics.counters('traces_spans_total', 'Spans of traced calls, by what became of them', 'outcome', ['sent', 'failed', 'dropped']); // prettier-ignore

/** Between queue and network: what became of spans is counted, and told now and then. */
const counted = (
  exporter: SpanExporter,
  counts: Counts,
  waiting: { n: number },
  { logger, endpoint }: TracesOptions,
): SpanExporter => {
  let failures = 0;
  return {
    export(spans, done) {
      waiting.n -= spans.length;
      exporter.export(spans, (result) => {
        const isTaken = Number(result.code) === SUCCESS;
        counts[isTaken ? 'sent' : 'failed'].n += spans.length;
        if (!isTaken && failures++ % FAILURES_A_LINE === 0)
          logger.warn({ err: result.error, endpoint }, 'traces of calls are not taken');
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
};

/** In front of the queue: at the bound a span goes nowhere. */
const bounded = (queue: SpanProcessor, counts: Counts, waiting: { n: number }): SpanProcessor => ({
  onStart: () => undefined,
  onEnd(span) {
    if (waiting.n >= SPANS_WAITING_MAX) return void counts.dropped.n++;
    waiting.n += 1;
    queue.onEnd(span);
  },
  forceFlush: () => queue.forceFlush(),
  shutdown: () => queue.shutdown(),
});

/** Names that are not drawn by chance, for the next span. */
const idsToBe = (random: IdGenerator) => {
  let next: Partial<Pick<SpanNames, 'traceId' | 'spanId'>> = {};
  return {
    generateTraceId: () => next.traceId ?? random.generateTraceId(),
    generateSpanId: () => next.spanId ?? random.generateSpanId(),
    /** While `make` runs; it does not wait. */
    named<T>(names: SpanNames, make: () => T): T {
      next = names;
      try {
        return make();
      } finally {
        next = {};
      }
    },
  };
};

const load = async () => {
  const [api, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  return { api, sdk, resources, OTLPTraceExporter };
};

export const openTraces = async (options: TracesOptions): Promise<OpenTraces> => {
  const { endpoint, share, instance, metrics } = options;
  const { api, sdk, resources, OTLPTraceExporter } = await load();
  const counts = countsIn(metrics);
  const waiting = { n: 0 };
  metrics.gauge('traces_spans_waiting', 'Spans of traced calls that wait to be sent', () => waiting.n);
  const url = new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`).href;
  const queue = new sdk.BatchSpanProcessor({
    exporter: counted(new OTLPTraceExporter({ url, timeoutMillis: SEND_MS_MAX }), counts, waiting, options),
    maxQueueSize: SPANS_WAITING_MAX,
    maxExportBatchSize: SPANS_TOGETHER,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: SEND_MS_MAX,
  });
  const ids = idsToBe(new sdk.RandomIdGenerator());
  const processor = bounded(queue, counts, waiting);
  const tracerOf = (part: TracedPart): Tracer =>
    new sdk.TracerProvider({
      resource: resources.resourceFromAttributes({ 'service.name': part, 'service.namespace': 'clearwater', 'service.instance.id': instance }),
      sampler: new sdk.AlwaysOnSampler(),
      idGenerator: ids,
      spanProcessors: [processor],
    }).getTracer('clearwater'); // prettier-ignore
  const tracers = Object.fromEntries(TRACED_PARTS.map((part) => [part, tracerOf(part)])) as Record<TracedPart, Tracer>; // prettier-ignore
  const KINDS = { bono: api.SpanKind.SERVER, sprout: api.SpanKind.SERVER, log: api.SpanKind.PRODUCER, ralf: api.SpanKind.CLIENT }; // prettier-ignore

  const contextOf = ({ traceId, parentSpanId }: SpanNames): Context =>
    parentSpanId === undefined
      ? api.ROOT_CONTEXT
      : api.trace.setSpanContext(api.ROOT_CONTEXT, { traceId, spanId: parentSpanId, traceFlags: api.TraceFlags.SAMPLED, isRemote: true }); // prettier-ignore

  const begin = (icid: string, { part, place, name, startMs, attributes }: ToldSpan): Span => {
    const names = spanNames(icid, place);
    const about = {
      kind: KINDS[part],
      startTime: startMs,
      attributes: { ...attributes, 'clearwater.icid': icid },
    };
    return ids.named(names, () => tracers[part].startSpan(`${part} ${name}`, about, contextOf(names)));
  };
  return {
    traces: {
      isTraced: (icid) => isInShare(icid, share),
      tell(icid, span) {
        const begun = begin(icid, span);
        if (span.failed) begun.setStatus({ code: api.SpanStatusCode.ERROR });
        begun.end(span.startMs + span.tookMs);
      },
    },
    close: () => queue.shutdown().catch(() => undefined),
  };
};
