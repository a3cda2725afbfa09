// given/when/then fails when it should: each form is shown a wrong expectation.
import { CommandRejected, type Decider } from '#libs/decider';
import { specFor } from './spec-for.js';

type Event = { type: 'Added'; n: number };
type Command = { add: number };

const counter: Decider<number, Command, Event> = {
  initialState: 0,
  decide(state, { add }) {
    if (state + add > 10) throw new CommandRejected('TooMuch', `${state}+${add}`);
    return add === 0 ? [] : [{ type: 'Added', n: add }];
  },
  evolve: (state, { event }) => state + event.n,
};
const given = specFor(counter);
const five: Event = { type: 'Added', n: 5 };

describe('specFor', () => {
  it('compares events', () => {
    given(five).when({ add: 1 }).then({ type: 'Added', n: 1 });
    expect(() => given(five).when({ add: 1 }).then({ type: 'Added', n: 2 })).toThrow('expected');
    expect(() => given(five).when({ add: 1 }).then()).toThrow('expected');
    expect(() => given(five).when({ add: 6 }).then(five)).toThrow('TooMuch');
  });

  it('takes a list or single events, and none', () => {
    given([five, five]).when({ add: 1 }).thenRefused('TooMuch');
    given(five, five).when({ add: 1 }).thenRefused('TooMuch');
    given().when({ add: 0 }).thenNothing();
    expect(given(five, five).state).toBe(10);
  });

  it('compares refusals, and lets defects through', () => {
    expect(() => given(five).when({ add: 6 }).thenRefused('Other')).toThrow('refusal Other');
    expect(() => given(five).when({ add: 1 }).thenRefused('TooMuch')).toThrow('refusal TooMuch');
    const broken = specFor<number, Command, Event>({
      ...counter,
      decide: () => {
        throw new TypeError('defect');
      },
    });
    expect(() => broken().when({ add: 1 }).thenRefused('TooMuch')).toThrow(TypeError);
  });

  it('folds what was decided on top of the history', () => {
    given(five)
      .when({ add: 2 })
      .thenState((state) => expect(state).toBe(7));
  });
});
