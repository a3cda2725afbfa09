// What each command of `npm run history` does: ask a query, print its answer, say how it went by the exit code.
// Reader: program.ts.
import { type RecordedEvent, type Topic } from '#libs/event-log';
import type { HistorySource } from '../history-source.js';
import {
  callStory,
  latestEvents,
  listStreams,
  nearNames,
  newEvents,
  stateOfStream,
} from '../queries/index.js';
import { eventJson } from '../words/event-json.js';
import { plain } from '../words/plain-text.js';
import type { Output } from './output.js';
import type { Paint } from './paint.js';
import { callLines, showLine, stateLines, streamsLines, tailLine } from './render.js';

export const EXIT_FOUND = 0;
/** What was asked for is not in the log. */
export const EXIT_NOT_FOUND = 1;
/** Bad arguments, or a log that cannot be read. */
export const EXIT_TROUBLE = 2;

export type CommandContext = Readonly<{
  source: HistorySource;
  output: Output;
  error: (line: string) => void;
  nowMs: () => number;
  paint: Paint;
  json: boolean;
  /** Ends a wait for more events. */
  signal: AbortSignal;
}>;

const writeLines = async ({ output }: CommandContext, lines: Iterable<string>): Promise<void> => {
  for (const line of lines) {
    const full = output.line(line);
    if (full) await full;
  }
};

const writeEvents = (
  context: CommandContext,
  events: Iterable<RecordedEvent>,
  render: (recorded: RecordedEvent) => string,
): Promise<void> =>
  writeLines(
    context,
    (function* () {
      for (const recorded of events)
        yield context.json ? JSON.stringify(eventJson(recorded)) : render(recorded);
    })(),
  );

export const streams = async (
  context: CommandContext,
  wanted: Readonly<{ topics?: readonly Topic[]; like?: string; limit: number }>,
): Promise<number> => {
  const found = await listStreams(context.source, wanted);
  const look = { paint: context.paint, nowMs: context.nowMs() };
  await writeLines(
    context,
    context.json
      ? found.streams.map(({ firstMs, lastMs, ...rest }) =>
          JSON.stringify({
            ...rest,
            first: new Date(firstMs).toISOString(),
            last: new Date(lastMs).toISOString(),
          }),
        )
      : streamsLines(found, look),
  );
  return found.streamCount > 0 || wanted.like === undefined ? EXIT_FOUND : EXIT_NOT_FOUND;
};

const unknownStream = async (context: CommandContext, stream: string): Promise<number> => {
  const { streams: all } = await listStreams(context.source);
  const near = nearNames(stream, all.map(({ stream: name }) => name)); // prettier-ignore
  context.error(`no stream ${plain(stream)}`);
  if (near.length > 0) context.error(`did you mean: ${near.map(plain).join('\n              ')}`);
  else context.error(all.length > 0 ? 'npm run history -- streams lists them' : 'the log is empty');
  return EXIT_NOT_FOUND;
};

export const show = async (context: CommandContext, stream: string): Promise<number> => {
  const look = { paint: context.paint, nowMs: context.nowMs() };
  let shown = 0;
  for await (const recorded of context.source.read(stream)) {
    shown++;
    await writeEvents(context, [recorded], (one) => showLine(one, look));
  }
  return shown > 0 ? EXIT_FOUND : unknownStream(context, stream);
};

export const tail = async (
  context: CommandContext,
  wanted: Readonly<{ topics?: readonly Topic[]; like?: string; count: number; follow: boolean }>,
): Promise<number> => {
  const { events, next } = await latestEvents(context.source, wanted);
  const render = (recorded: RecordedEvent): string =>
    tailLine(recorded, { paint: context.paint, nowMs: context.nowMs() });
  await writeEvents(context, events, render);
  if (!wanted.follow) return EXIT_FOUND;
  await context.output.flush();
  for await (const recorded of newEvents(context.source, wanted, next, context.signal)) {
    await writeEvents(context, [recorded], render);
    await context.output.flush();
  }
  return EXIT_FOUND;
};

export const state = async (context: CommandContext, stream: string, atMs: number): Promise<number> => {
  const found = await stateOfStream(context.source, stream, atMs);
  if (!found) return unknownStream(context, stream);
  const look = { paint: context.paint, nowMs: context.nowMs() };
  const { atMs: _atMs, lastMs: _lastMs, ...rest } = found;
  await writeLines(
    context,
    context.json
      ? [JSON.stringify({ ...rest, at: new Date(atMs).toISOString(), state: found.state ?? null })]
      : stateLines(found, look),
  );
  return EXIT_FOUND;
};

export const call = async (context: CommandContext, wanted: string): Promise<number> => {
  const events = await callStory(context.source, wanted);
  if (events.length === 0) {
    context.error(`no call with Call-ID or ICID ${plain(wanted)}`);
    return EXIT_NOT_FOUND;
  }
  if (context.json) await writeEvents(context, events, () => '');
  else {
    const look = { paint: context.paint, nowMs: context.nowMs() };
    await writeLines(context, callLines(events, look, context.source.node));
  }
  return EXIT_FOUND;
};

/** Reads all of the archive. */
export const verify = async (context: CommandContext): Promise<number> => {
  const report = await context.source.verify?.();
  if (!report) throw new Error('only the archive has a chain to verify');
  const { events, streams: count, places, heads, signers, faults, faultCount } = report;
  await writeLines(
    context,
    context.json
      ? [JSON.stringify(report)]
      : [
          `${events} events of ${count} streams in ${places} chains, ${heads} signed heads`,
          ...signers.map((key) => `signed by ${key}`),
          ...faults.map((fault) => context.paint.bad(plain(fault))),
          faultCount === 0 ? context.paint.good('whole') : context.paint.bad(`${faultCount} faults`),
        ],
  );
  return faultCount === 0 ? EXIT_FOUND : EXIT_NOT_FOUND;
};
