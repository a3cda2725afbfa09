// Keeps a fault of one part of the portal to that part: it says so and offers to show it again, the rest goes on. Used by app.tsx and main.tsx.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useErrorBoundary } from 'preact/hooks';
import { Button } from './form.js';
import { Empty } from './page.js';

/** `of`: what is shown; a fault of another is over. */
export const Guard = ({ of, children }: Readonly<{ of: string; children: ComponentChildren }>): JSX.Element => {
  // To the browser's console as any other fault, and no further: who looks for it finds it there.
  const [fault, again] = useErrorBoundary((error: unknown) => reportError(error)) as [unknown, () => void];
  const isFaulty = fault !== undefined && fault !== null;
  useEffect(() => {
    if (isFaulty) again();
  }, [of]);
  if (!isFaulty) return <>{children}</>;
  return (
    <div role="alert">
      <Empty title="This page has a fault">
        <p>What it was given cannot be shown. Nothing of yours is lost by it.</p>
        <div class="actions">
          <Button onClick={() => location.reload()}>Load the portal anew</Button>
          <Button kind="primary" onClick={again}>Try again</Button>
        </div>
      </Empty>
    </div>
  );
}; // prettier-ignore
