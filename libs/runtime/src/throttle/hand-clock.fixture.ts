// A clock that a test moves by hand: libs/testkit's knows this lib, so that this lib cannot know it.
export const createHandClock = () => {
  let nowMs = 0;
  return {
    monotonicMs: () => nowMs,
    advance: (ms: number): void => void (nowMs += ms),
  };
};
