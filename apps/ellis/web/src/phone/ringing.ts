// The sound of a call that comes in: two tones, a second on, two off, by the browser's own oscillators. Silent where the browser lets no page
// sound that nobody has touched. Used by sip-phone.ts.

const TONES_HZ = [440, 480];
const LOUDNESS = 0.06;
const ROUND_MS = 3_000;
const ON_S = 1;

/** Returns what ends it. */
export const startRinging = (): (() => void) => {
  const context = new AudioContext();
  const ring = (): void => {
    for (const frequency of TONES_HZ) {
      const tone = new OscillatorNode(context, { frequency });
      tone.connect(new GainNode(context, { gain: LOUDNESS })).connect(context.destination);
      tone.start();
      tone.stop(context.currentTime + ON_S);
    }
  };
  ring();
  const timer = setInterval(ring, ROUND_MS);
  return () => {
    clearInterval(timer);
    void context.close();
  };
};
