// What a line of "Done means" is as code: it sets up what it needs, checks, and gives figures with their limits.
// One file a line: chapter-<n>/line-<m>.ts, exporting `line`. Run by main.ts.

export type Figure =
  number | string | boolean | undefined | readonly Figure[] | { readonly [name: string]: Figure };

/** What a line reports to while it runs. */
export interface Report {
  readonly quick: boolean;
  /** Progress for people. */
  note(text: string): void;
  /** A figure of the JSON line. */
  figure(name: string, value: Figure): void;
  /** A figure that must be at most (or at least) so much. */
  atMost(name: string, value: number, limit: number): void;
  atLeast(name: string, value: number, limit: number): void;
  /** Something that must hold. */
  check(what: string, holds: boolean, detail?: string): void;
}

export type Line = Readonly<{ run(report: Report): Promise<void> }>;

export type Verdict = Readonly<{
  pass: boolean;
  figures: Readonly<Record<string, Figure>>;
  limits: Readonly<Record<string, string>>;
  checks: number;
  failures: readonly string[];
}>;

const FAILURES_MAX = 50;

export const createReport = (quick: boolean, note: (text: string) => void) => {
  const figures: Record<string, Figure> = {};
  const limits: Record<string, string> = {};
  const failures: string[] = [];
  let checks = 0;
  const check = (what: string, holds: boolean, detail = ''): void => {
    checks += 1;
    if (holds) return;
    const text = detail === '' ? what : `${what}: ${detail.slice(0, 1500)}`;
    note(`FAILED ${text}`);
    if (failures.length < FAILURES_MAX) failures.push(text);
  };
  const report: Report = {
    quick,
    note,
    check,
    figure: (name, value) => void (figures[name] = value),
    atMost(name, value, limit) {
      figures[name] = value;
      limits[name] = `<= ${limit}`;
      check(`${name} <= ${limit}`, value <= limit, String(value));
    },
    atLeast(name, value, limit) {
      figures[name] = value;
      limits[name] = `>= ${limit}`;
      check(`${name} >= ${limit}`, value >= limit, String(value));
    },
  };
  const verdict = (): Verdict => ({
    // A line that checked nothing has shown nothing.
    pass: checks > 0 && failures.length === 0,
    figures,
    limits,
    checks,
    failures,
  });
  return { report, verdict };
};
