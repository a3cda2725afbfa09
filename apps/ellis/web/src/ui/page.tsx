// The pieces that pages are made of: headings, cards, notices, empty states. Used by every page.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Loading } from '../loaded.js';
import { focusHeading } from '../router.js';

export type PageProps = Readonly<{
  title: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}>;

/** What the browser's tab says, and what is spoken first. */
export const useTitle = (title: string): void =>
  useEffect(() => {
    document.title = `${title} · Clearwater`;
  }, [title]);

export const Page = ({ title, lead, actions, children }: PageProps): JSX.Element => {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  useEffect(() => focusHeading(heading.current), []);
  return (
    <>
      <header class="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>{title}</h1>
          {lead !== undefined && <p class="lead">{lead}</p>}
        </div>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}; // prettier-ignore

export type NoticeProps = Readonly<{ kind: 'fault' | 'info' | 'good'; children: ComponentChildren }>;

/** Spoken as it appears. */
export const Notice = ({ kind, children }: NoticeProps): JSX.Element => (
  <div class={`notice ${kind}`} role={kind === 'fault' ? 'alert' : 'status'}>
    {children}
  </div>
);

export const Fault = ({ words }: Readonly<{ words: string }>): JSX.Element | null =>
  words === '' ? null : <Notice kind="fault">{words}</Notice>;

export type EmptyProps = Readonly<{ title: string; children?: ComponentChildren }>;

export const Empty = ({ title, children }: EmptyProps): JSX.Element => (
  <div class="empty">
    <p class="empty-title">{title}</p>
    {children}
  </div>
);

/** What was asked for, once it is there; till then that it is on its way, or why it is not. */
export const Show = <T,>({
  of,
  children,
}: Readonly<{ of: Loading<T>; children: (value: T) => ComponentChildren }>): JSX.Element => {
  const { loaded, again } = of;
  if (loaded.state === 'loading')
    return (
      <p class="quiet" role="status">
        Loading…
      </p>
    );
  if (loaded.state === 'there') return <>{children(loaded.value)}</>;
  return (
    <Notice kind="fault">
      <p>{loaded.words}</p>
      <button type="button" onClick={again}>
        Try again
      </button>
    </Notice>
  );
};
