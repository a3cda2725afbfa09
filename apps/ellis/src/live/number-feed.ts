// What a live stream of a number tells: its devices and calls, at first and with each change; changes that come together are told once.
// Used by the controller of live parts.
import type { Clock } from '#libs/runtime';
import type { Call } from '../contract.js';
import type { EventStream } from './event-streams.js';
import type { Live, SeenLine } from './live.js';

/** Changes within this time are told together. */
const GATHER_MS = 100;
const CALLS_WATCHED = 20;

export const feedNumber = async (
  live: Live,
  stream: EventStream,
  { number, sinceMs }: SeenLine,
  { clock, onFault }: Readonly<{ clock: Clock; onFault: (error: unknown) => void }>,
): Promise<void> => {
  const told = new Map<string, string>();
  const tellCalls = (calls: readonly Call[], isFirst: boolean): void => {
    for (const call of calls.toReversed()) {
      const text = JSON.stringify(call);
      if (told.get(call.id) === text) continue;
      told.set(call.id, text);
      if (!isFirst) stream.send('call', call);
    }
    // What is watched no longer is not remembered either.
    for (const id of told.keys()) if (told.size > CALLS_WATCHED * 2) told.delete(id);
  };
  const gather = (tell: () => Promise<void>): (() => void) => {
    let isWaiting = false;
    return () => {
      if (isWaiting) return;
      isWaiting = true;
      clock.after(GATHER_MS, () => {
        isWaiting = false;
        tell().catch(onFault);
      });
    };
  };
  const devices = async (): Promise<void> =>
    stream.send('devices', { devices: await live.devices(number, sinceMs) });
  const newest = (): Promise<Call[]> => live.calls(number, CALLS_WATCHED, sinceMs);
  const calls = async (): Promise<void> => tellCalls(await newest(), false);
  const stop = await live.watch(number, { devices: gather(devices), calls: gather(calls) });
  stream.onEnd(stop);
  tellCalls(await newest(), true);
  await devices();
};
