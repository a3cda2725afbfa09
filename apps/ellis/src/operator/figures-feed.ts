// Figures once a second, as long as somebody looks. Used by the controller of operators.
import type { Clock } from '#libs/runtime';
import type { Ellis } from '../ellis.js';
import type { EventStream } from '../live/event-streams.js';

const EVERY_MS = 1_000;

export const feedFigures = (
  ellis: Pick<Ellis, 'figures' | 'onFault'>,
  stream: EventStream,
  clock: Clock,
): void => {
  let isOver = false;
  let cancel = (): void => undefined;
  const tell = (): void => {
    ellis
      .figures()
      .then((figures) => stream.send('figures', figures))
      .catch((error: unknown) => ellis.onFault(error))
      .finally(() => {
        if (!isOver) cancel = clock.after(EVERY_MS, tell);
      });
  };
  stream.onEnd(() => {
    isOver = true;
    cancel();
  });
  tell();
};
