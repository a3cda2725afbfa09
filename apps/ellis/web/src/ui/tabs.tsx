// The pages of one thing, side by side; on a narrow screen they scroll, and the one that is open is in sight. Used by pages that have several.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Link } from '../router.js';

export type Tab = Readonly<{ to: string; words: string; current: boolean }>;

export const Tabs = ({ label, tabs }: Readonly<{ label: string; tabs: readonly Tab[] }>): JSX.Element => {
  const bar = useRef<HTMLElement>(null);
  const current = tabs.find((tab) => tab.current)?.to;
  useEffect(() => {
    const nav = bar.current;
    if (nav === null) return undefined;
    const show = (): void => {
      const link = nav.querySelector<HTMLElement>('[aria-current]');
      if (link !== null) nav.scrollLeft = link.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
    };
    const sized = new ResizeObserver(show);
    sized.observe(nav);
    return () => sized.disconnect();
  }, [current]);
  return (
    <nav ref={bar} class="tabs" aria-label={label}>
      {tabs.map(({ to, words, current: isOpen }) => <Link key={to} to={to} current={isOpen}>{words}</Link>)}
    </nav>
  );
}; // prettier-ignore
