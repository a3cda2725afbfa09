// Events that a view could not fold, with what waits behind them, to be tried again. Path: /admin/parked.
import type { JSX } from 'preact';
import type { ParkedStream } from '../api/contract.js';
import { parkedStreams, retryParked } from '../api/ellis.js';
import { useLoaded } from '../loaded.js';
import { Empty, Show } from '../ui/page.js';
import { type Stuck, StuckList } from './stuck-list.js';

const stuckOf = ({ id, view, stream, reason, since, events }: ParkedStream): Stuck => ({
  id,
  title: stream,
  reason,
  facts: [
    ['View', view],
    ['Since', new Date(since).toLocaleString()],
    ['Events that wait', String(events)],
  ],
});

const retry = async (id: string): Promise<string> => {
  const left = await retryParked(id);
  return left === 0 ? '' : `It cannot be folded yet: ${left === 1 ? 'one event is' : `${left} events are`} parked still.`;
}; // prettier-ignore

export const Parked = (): JSX.Element => {
  const loaded = useLoaded('parked', parkedStreams);
  return (
    <>
      <p class="quiet">An event that a view cannot fold is put aside, and with it what comes after it of the same stream: the view shows that stream as it was before. Once the reason is mended they are tried again, in their order.</p>
      <Show of={loaded}>
        {(value) =>
          value.parked === null ? (
            <Empty title="Not known here"><p>This process keeps no views and knows of no projector: <code>npm run projector -- parked</code> asks the one that runs.</p></Empty>
          ) : value.parked.length === 0 ? (
            <Empty title="Nothing is parked"><p>Every view has folded all that it was given.</p></Empty>
          ) : (
            <StuckList key={value.parked.map(({ id }) => id).join()} rows={value.parked.map(stuckOf)} more={value.more} again={{ words: 'Try again', all: 'Try all again', run: retry }} onLook={loaded.again} />
          )
        }
      </Show>
    </>
  );
}; // prettier-ignore
