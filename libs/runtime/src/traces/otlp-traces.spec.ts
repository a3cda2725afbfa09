// Spans as a collector gets them, over a real socket: named by the ICID alone, bounded, and lost without a word to who tells them.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '../logger.js';
import { createMetrics, type Metrics } from '../metrics.js';
import { type OpenTraces, openTraces, SPANS_WAITING_MAX } from './otlp-traces.js';
import { isInShare, spanNames } from './traced-calls.js';
import type { ToldSpan } from './traces.port.js';

type Attribute = Readonly<{ key: string; value: Readonly<Record<string, unknown>> }>;
type Span = Readonly<{
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: Readonly<{ code: number }>;
  attributes: readonly Attribute[];
}>;
type Export = Readonly<{
  resourceSpans: readonly Readonly<{
    resource: Readonly<{ attributes: readonly Attribute[] }>;
    scopeSpans: readonly Readonly<{ spans: readonly Span[] }>[];
  }>[];
}>;

const ICID = '0123456789abcdefghjkmnpqrs';
const span = (part: ToldSpan['part'], place: ToldSpan['place'], more: Partial<ToldSpan> = {}): ToldSpan => ({ part, place, name: 'INVITE', startMs: 1_700_000_000_000, tookMs: 1.5, failed: false, attributes: { 'sip.status': 200 }, ...more }); // prettier-ignore

let server: Server;
let taken: (readonly [service: string, span: Span])[];
let answer: number;
const urls: string[] = [];
beforeEach(async () => {
  [taken, answer] = [[], 200];
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    urls.push(`${request.method} ${request.url}`);
    request.on('data', (piece: Buffer) => void pieces.push(piece));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(pieces).toString()) as Export;
      for (const { resource, scopeSpans } of resourceSpans)
        for (const one of scopeSpans.flatMap(({ spans }) => spans))
          taken.push([String(resource.attributes.find(({ key }) => key === 'service.name')?.value['stringValue']), one]); // prettier-ignore
      response.writeHead(answer, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => void server.close(resolve)));

const open = (metrics: Metrics = createMetrics(), share = 1): Promise<OpenTraces> =>
  openTraces({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, share, instance: 'here:1', metrics, logger: silentLogger }); // prettier-ignore
const counted = async (metrics: Metrics): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(
    [...(await metrics.text()).matchAll(/^traces_spans_total\{outcome="(\w+)"\} (\d+)$/gm)].map(([, outcome, n]) => [String(outcome), Number(n)] as const),
  ); // prettier-ignore

it('what several processes tell of one call is one trace, each under what it is below', async () => {
  const [edge, router] = [await open(), await open()];
  edge.traces.tell(ICID, span('bono', 'entry'));
  router.traces.tell(ICID, span('sprout', 'core', { failed: true }));
  router.traces.tell(ICID, span('log', 'below', { name: 'append call' }));
  await Promise.all([edge.close(), router.close()]);
  expect(new Set(urls)).toEqual(new Set(['POST /v1/traces']));
  const of = (service: string): Span => taken.find(([name]) => name === service)![1];
  const [entry, core, below] = [of('bono'), of('sprout'), of('log')];
  expect(new Set(taken.map(([, { traceId }]) => traceId))).toEqual(
    new Set([spanNames(ICID, 'core').traceId]),
  );
  expect([entry.parentSpanId ?? '', core.parentSpanId, below.parentSpanId]).toEqual(['', entry.spanId, core.spanId]); // prettier-ignore
  expect([entry.name, core.name, below.name]).toEqual(['bono INVITE', 'sprout INVITE', 'log append call']);
  expect([entry.status.code, core.status.code]).toEqual([0, 2]);
  expect(BigInt(entry.endTimeUnixNano) - BigInt(entry.startTimeUnixNano)).toBe(1_500_000n);
  expect(Object.fromEntries(core.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))).toEqual(
    {
      'sip.status': 200,
      'clearwater.icid': ICID,
    },
  );
});

it('a call is traced by all or by none, and as many as the share says', () => {
  const icids = Array.from({ length: 20_000 }, (_, n) => `${n}`.padStart(26, '0'));
  const traced = icids.filter((icid) => isInShare(icid, 0.1));
  expect(traced.length / icids.length).toBeCloseTo(0.1, 1);
  // Who traces a tenth traces what who traces a hundredth does.
  expect(icids.filter((icid) => isInShare(icid, 0.01)).every((icid) => isInShare(icid, 0.1))).toBe(true);
  expect([icids.some((icid) => isInShare(icid, 0)), icids.every((icid) => isInShare(icid, 1))]).toEqual([false, true]); // prettier-ignore
});

it('beyond so many that wait, spans are dropped and counted', async () => {
  const metrics = createMetrics();
  const { traces, close } = await open(metrics);
  // Told in one turn: nothing can be sent meanwhile but one batch.
  for (let n = 0; n < 2 * SPANS_WAITING_MAX; n += 1) traces.tell(ICID, span('bono', 'below'));
  const { dropped = 0 } = await counted(metrics);
  expect(dropped).toBeGreaterThan(SPANS_WAITING_MAX / 2);
  await close();
  const after = await counted(metrics);
  expect(after['sent']! + after['failed']! + after['dropped']!).toBe(2 * SPANS_WAITING_MAX);
  expect(taken.length).toBeGreaterThanOrEqual(after['sent']!);
});

it('a collector that takes nothing costs its spans, and nobody hears of it', async () => {
  const metrics = createMetrics();
  const { traces, close } = await open(metrics);
  answer = 400;
  traces.tell(ICID, span('bono', 'entry'));
  await close();
  expect(await counted(metrics)).toEqual({ sent: 0, failed: 1, dropped: 0 });
});
