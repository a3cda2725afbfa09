// Commands as a page has them for its readers: fenced blocks that say in which terminal they are typed. Used by accept/chapter-8/line-6.ts, which
// types them, so that the page cannot tell what does not work.

export type Typed = Readonly<{ terminal: number; step: string; command: string }>;

const BLOCK = /^```sh terminal=(\d)(?: step=([a-z]+))?\n([\s\S]*?)^```$/gm;

/** Of the section of that title, in the order of the page. */
export const commandsIn = (page: string, section: string): readonly Typed[] => {
  const from = page.indexOf(`\n## ${section}\n`);
  if (from < 0) throw new Error(`there is no section "${section}"`);
  const to = page.indexOf('\n## ', from + 1);
  const text = page.slice(from, to < 0 ? undefined : to);
  return [...text.matchAll(BLOCK)].map(([, terminal = '', step = '', command = '']) => ({
    terminal: Number(terminal),
    step,
    command: command.trim(),
  }));
};
