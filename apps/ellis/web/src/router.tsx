// Where the page is: the address bar's path, and links that change it without loading. Paths: app.tsx.
// Used by every page.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const CHANGED = 'portal:moved';

let hasMoved = false;

/** A page that comes when it was gone to, and not at the start: who does not see hears where they are. Nothing is taken from who types. */
export const focusHeading = (heading: HTMLElement | null): void => {
  if (hasMoved && (document.activeElement ?? document.body) === document.body) heading?.focus();
};

/** Asked before a page is left by a link of ours, or back and forward; the other ways out are the browser's own to ask about (beforeunload). */
let mayLeave: () => boolean = () => true;

/** Something would be lost by leaving: asks first, until what comes back is called. */
export const guardLeaving = (question: string): (() => void) => {
  mayLeave = () => confirm(question);
  return () => void (mayLeave = () => true);
};

/** Where the page that is shown is. */
let here = '';

export const navigate = (to: string, { replace = false } = {}): void => {
  if (!mayLeave()) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  dispatchEvent(new Event(CHANGED));
};

/** The path, as it changes. Focus goes to the new page's heading, so that who does not see hears where they are. */
export const usePath = (): string => {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    here = location.href;
    const moved = (): void => {
      hasMoved = true;
      here = location.href;
      setPath(location.pathname);
      requestAnimationFrame(() => {
        scrollTo(0, 0);
        document.querySelector<HTMLElement>('h1')?.focus();
      });
    };
    // By then the address is another one already: who stays gets the former one back.
    const went = (): void => {
      const stays = location.pathname === new URL(here).pathname;
      if (stays || mayLeave()) moved();
      else history.pushState(null, '', here);
    };
    addEventListener('popstate', went);
    addEventListener(CHANGED, moved);
    return () => {
      removeEventListener('popstate', went);
      removeEventListener(CHANGED, moved);
    };
  }, []);
  return path;
};

export type LinkProps = Readonly<{
  to: string;
  class?: string;
  current?: boolean;
  children: ComponentChildren;
  label?: string;
}>;

export const Link = ({ to, class: className, current, children, label }: LinkProps): JSX.Element => (
  <a
    href={to}
    {...(className === undefined ? {} : { class: className })}
    {...(current === true ? { 'aria-current': 'page' as const } : {})}
    {...(label === undefined ? {} : { 'aria-label': label })}
    onClick={(event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      navigate(to);
    }}
  >
    {children}
  </a>
);

/** The parts of a path below a prefix, decoded; undefined: another page's. */
export const partsBelow = (path: string, prefix: string): readonly string[] | undefined => {
  if (path !== prefix && !path.startsWith(`${prefix}/`)) return undefined;
  try {
    return path
      .slice(prefix.length)
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
};
