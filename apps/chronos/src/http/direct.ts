// Setting timers, which is most of what Chronos is asked, in front of the framework (libs/runtime/src/direct/direct-routes.ts): the same answers as
// timers.controller.ts gives, which has all that is not plain, the documentation and the rest of the API.
import type { DirectAnswer, DirectRoutes } from '#libs/runtime';
import type { Chronos, TimerAnswer } from '../chronos.js';
import { readTimerName, timerName } from '../timer-request.js';

const TIMERS = '/timers';
/** As we give them; what clients write otherwise or put behind it is the controller's. */
const NAMED = /^\/timers\/([0-9a-f]{16}-\d{1,3})$/;

const direct = (answer: TimerAnswer): DirectAnswer =>
  answer.status === 200 ? { status: 200, location: `${TIMERS}/${timerName(answer.name)}` } : answer;

export const directTimers =
  (chronos: Pick<Chronos, 'set'>): DirectRoutes =>
  (method, url) => {
    if (method === 'POST' && url === TIMERS) return async (body) => direct(await chronos.set(body));
    if (method !== 'PUT') return undefined;
    const [, text] = NAMED.exec(url) ?? [];
    const name = text === undefined ? undefined : readTimerName(text);
    return name && (async (body) => direct(await chronos.set(body, name)));
  };
