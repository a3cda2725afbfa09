// What is on its way to the cluster is bounded, and so is what waits for it: in number and in time.
import { createFakeClock, settle } from '#libs/testkit';
import { StoreUnavailable } from '../../key-value-store.port.js';
import { IN_FLIGHT_MAX, InFlight, WAITING_MAX } from './in-flight.js';

const WAIT_MS = 2_000;

const setUp = () => {
  const clock = createFakeClock();
  const inFlight = new InFlight(clock, WAIT_MS);
  const sent: (() => void)[] = [];
  const said: string[] = [];
  const ask = (name: string): void => {
    const answered = inFlight.run(() => new Promise<void>((resolve) => void sent.push(resolve)));
    answered.then(
      () => said.push(`${name} answered`),
      (error: unknown) => said.push(`${name} ${error instanceof StoreUnavailable ? 'refused' : 'failed'}`),
    );
  };
  for (let n = 0; n < IN_FLIGHT_MAX; n++) ask('first');
  return { clock, sent, said, ask };
};

describe('requests on their way', () => {
  it('wait for one another in their order', async () => {
    const { clock, sent, said, ask } = setUp();
    ask('a');
    ask('b');
    expect(sent).toHaveLength(IN_FLIGHT_MAX);
    for (const end of sent.splice(0, 2)) end();
    await settle();
    expect(sent).toHaveLength(IN_FLIGHT_MAX);
    for (const end of sent.splice(-2)) end();
    await settle();
    expect(said).toEqual(['first answered', 'first answered', 'a answered', 'b answered']);
    expect(clock.pending).toBe(0);
  });

  it('are refused when their turn does not come in time, and not sent after', async () => {
    const { clock, sent, said, ask } = setUp();
    ask('late');
    await clock.advanceAsync(WAIT_MS);
    expect(said).toEqual(['late refused']);
    for (const end of sent.splice(0)) end();
    await settle();
    expect(sent).toEqual([]);
    ask('next');
    expect(sent).toHaveLength(1);
  });

  it('are refused at once when too many wait', async () => {
    const { said, ask } = setUp();
    for (let n = 0; n < WAITING_MAX; n++) ask('waiting');
    ask('beyond');
    await settle();
    expect(said).toEqual(['beyond refused']);
  });
});
