// One trace spans a call of the built product, from the INVITE at the edge through the log to the accounting answer: a collector that takes OTLP over
// HTTP, a CDF over Diameter, two phones (docs/acceptance/chapter-8.md, line 7).
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CdfRecord, createCdf } from '#apps/cdf';
import { APPLICATIONS, createDiameterNode, createTcpTransport, type DiameterNode } from '#libs/diameter';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { carryCall, statusOf } from './phone-calls.js';
import { freePort, RunningProduct, sleep } from './running-product.js';

type Attribute = Readonly<{ key: string; value: Readonly<Record<string, unknown>> }>;
type Span = Readonly<{ traceId: string; spanId: string; parentSpanId?: string; name: string; attributes: readonly Attribute[] }>; // prettier-ignore
type Told = Readonly<{ service: string }> & Span;
type Export = Readonly<{
  resourceSpans: readonly Readonly<{
    resource: Readonly<{ attributes: readonly Attribute[] }>;
    scopeSpans: readonly Readonly<{ spans: readonly Span[] }>[];
  }>[];
}>;

const TOLD_MS_MAX = 20_000;
const valueOf = (attributes: readonly Attribute[], name: string): string =>
  String(Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0]);

const spans: Told[] = [];
const records: CdfRecord[] = [];
let collector: Server;
let cdf: DiameterNode;
let product: RunningProduct;

const startCollector = async (): Promise<number> => {
  collector = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => void pieces.push(piece));
    request.on('end', () => {
      for (const { resource, scopeSpans } of (JSON.parse(Buffer.concat(pieces).toString()) as Export).resourceSpans)
        for (const span of scopeSpans.flatMap((one) => one.spans))
          spans.push({ ...span, service: valueOf(resource.attributes, 'service.name') });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => void collector.listen(0, '127.0.0.1', resolve));
  return (collector.address() as AddressInfo).port;
}; // prettier-ignore

const startCdf = async (): Promise<number> => {
  const port = await freePort();
  const host = 'cdf.ims.test';
  cdf = createDiameterNode({ host, realm: 'ims.test', applications: [APPLICATIONS.accounting], transport: createTcpTransport(), clock, random, welcome: () => true }); // prettier-ignore
  createCdf({ node: cdf, write: async (record) => void records.push(record), nowMs: () => clock.nowMs(), failed: () => undefined }); // prettier-ignore
  await cdf.listen({ host: '127.0.0.1', port });
  return port;
};

beforeAll(async () => {
  const [collectorPort, cdfPort] = [await startCollector(), await startCdf()];
  product = await RunningProduct.start({
    CDF_PEERS: `127.0.0.1:${cdfPort}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
    OTEL_TRACES_SAMPLER_ARG: '1',
  });
});
afterAll(async () => {
  await product.close();
  await cdf.stop();
  collector.closeAllConnections();
  collector.close();
});

const NAMES = ['bono INVITE', 'bono INVITE to client', 'log append call', 'log append charging', 'ralf ACR START', 'ralf ACR STOP', 'sprout BYE', 'sprout INVITE']; // prettier-ignore

it('one trace id spans INVITE, append and ACA', async () => {
  const [alice, bob] = [await product.phone('alice'), await product.phone('bob')];
  for (const phone of [alice, bob]) expect(statusOf(await phone.register())).toBe(200);
  expect(await carryCall(alice, bob)).toBe(200);
  const names = (): readonly string[] => [...new Set(spans.map(({ name }) => name))].toSorted();
  for (const endMs = clock.monotonicMs() + TOLD_MS_MAX; clock.monotonicMs() < endMs && names().length < NAMES.length; )
    await sleep(100);
  expect(names()).toEqual(NAMES);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  for (const { name, service } of spans) expect(name.split(' ')[0]).toBe(service);
  const [entry, core] = ['bono INVITE', 'sprout INVITE'].map((wanted) => spans.find(({ name }) => name === wanted)!);
  expect([entry?.parentSpanId ?? '', core?.parentSpanId]).toEqual(['', entry?.spanId]);
  for (const { name, parentSpanId } of spans)
    if (name !== entry?.name && name !== core?.name) expect([name, parentSpanId]).toEqual([name, core?.spanId]);
  // What the CDF has is of the call that the trace is named after.
  const icids = records.map(({ avps }) => (avps['Service-Information'] as Record<string, Record<string, unknown>>)['IMS-Information']?.['IMS-Charging-Identifier']);
  expect(new Set(icids)).toEqual(new Set([valueOf(entry!.attributes, 'clearwater.icid')]));
  expect(valueOf(spans.find(({ name }) => name === 'ralf ACR START')!.attributes, 'diameter.result_code')).toBe('2001');
  expect(JSON.stringify(spans)).not.toMatch(/alice|bob|sip:/);
}); // prettier-ignore
