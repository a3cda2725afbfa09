// That something was refused which a session opens: the session may have ended meanwhile. Told by who asks Ellis (http.ts, live.ts); who shows
// the pages looks whether there still is one (app.tsx). Pure.

let listener: () => void = () => undefined;

export const doubtSession = (): void => listener();

/** One listens; returns what ends it. */
export const onSessionDoubted = (run: () => void): (() => void) => {
  listener = run;
  return () => {
    if (listener === run) listener = () => undefined;
  };
};
