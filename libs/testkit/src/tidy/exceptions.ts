// What the structure rules let pass, each with its reason. An exception that is no longer needed fails the test.
// Read by tidy.spec.ts.

export type Exception = Readonly<{ rule: string; path: RegExp; why: string }>;

export const EXCEPTIONS: readonly Exception[] = [
  {
    rule: 'ambient',
    path: /^libs\/runtime\/src\/system-(clock|random)\.ts$/,
    why: 'the adapters that turn the machine’s time and chance into ports',
  },
  {
    rule: 'ambient',
    path: /^libs\/sip\/src\/transaction\/timer-wheel\.ts$/,
    why: 'driveTimers turns the wheel by the machine’s clock; everything else in the engine takes time as data',
  },
  {
    rule: 'ambient',
    path: /^apps\/history\/src\/main\.ts$/,
    why: 'a command line that starts in 0.1 s: the clock of libs/runtime comes with Nest, which takes 0.5 s',
  },
  {
    rule: 'ambient',
    path: /^apps\/ellis\/web\//,
    why: 'pages live in a browser, in real time; what is computed in them is pure and tested so',
  },
  { rule: 'ambient', path: /^bench\//, why: 'measures the machine' },
  { rule: 'ambient', path: /\/e2e\//, why: 'runs against real sockets in real time' },
];
