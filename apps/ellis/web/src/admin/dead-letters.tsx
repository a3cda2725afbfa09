// Callbacks of timers that nobody took, to be told once more or thrown away. Path: /admin/dead-letters.
import type { JSX } from 'preact';
import type { DeadLetter } from '../api/contract.js';
import { deadLetters, discardDeadLetter, replayDeadLetter } from '../api/ellis.js';
import { useLoaded } from '../loaded.js';
import { Empty, Show } from '../ui/page.js';
import { type Stuck, StuckList } from './stuck-list.js';

const stuckOf = ({ id, timer, sequence, uri, reason, tries, at }: DeadLetter): Stuck => ({
  id,
  title: uri,
  reason,
  facts: [
    ['Timer', timer],
    ['Pop', String(sequence)],
    ['Tried', tries === 1 ? 'once' : `${tries} times`],
    ['Given up', new Date(at).toLocaleString()],
  ],
});

const replay = async (id: string): Promise<string> => {
  await replayDeadLetter(id);
  return '';
};

const discard = async (id: string): Promise<string> => {
  await discardDeadLetter(id);
  return '';
};

const AGAIN = { words: 'Tell it again', all: 'Tell all again', run: replay } as const;
const DISCARD = {
  words: 'Throw away',
  question: 'Throw this callback away?',
  warning: 'Whom it was for is never told that this timer popped. This cannot be undone.',
  run: discard,
} as const;

export const DeadLettersPage = (): JSX.Element => {
  const loaded = useLoaded('dead-letters', deadLetters);
  return (
    <>
      <p class="quiet">A timer that pops is told to who set it. Where nobody takes it, however often it is tried, it is kept here.</p>
      <Show of={loaded}>
        {({ dead_letters: letters, more }) =>
          letters === null ? (
            <Empty title="Not known here"><p>This process knows of no Chronos: <code>npm run timers -- dead-letters</code> asks the one that runs.</p></Empty>
          ) : letters.length === 0 ? (
            <Empty title="There are no dead letters"><p>Every timer that popped was told to who set it.</p></Empty>
          ) : (
            <StuckList key={letters.map(({ id }) => id).join()} rows={letters.map(stuckOf)} more={more} again={AGAIN} discard={DISCARD} onLook={loaded.again} />
          )
        }
      </Show>
    </>
  );
}; // prettier-ignore
