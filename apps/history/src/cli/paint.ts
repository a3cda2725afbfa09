// Colours of the terminal, or none. Reader: rendering.

export type Paint = Readonly<{
  dim(text: string): string;
  bold(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  name(text: string): string;
}>;

const wrap =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
const asItIs = (text: string): string => text;

const COLOURED: Paint = { dim: wrap(2), bold: wrap(1), good: wrap(32), bad: wrap(31), name: wrap(36) };
const PLAIN: Paint = { dim: asItIs, bold: asItIs, good: asItIs, bad: asItIs, name: asItIs };

export const paintOf = (colours: boolean): Paint => (colours ? COLOURED : PLAIN);

type Environment = Readonly<Record<string, string | undefined>>;

/** On a terminal only, and not where NO_COLOR is set (no-color.org) or the terminal is dumb. */
export const wantsColours = (isTty: boolean, env: Environment): boolean =>
  isTty && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
