// A question that has to be answered first: the browser's own modal dialog, with its focus and its Escape. Used before what cannot be undone,
// and for what is shown once.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './form.js';
import { Fault } from './page.js';

export type DialogProps = Readonly<{ title: string; onClose: () => void; children: ComponentChildren }>;

export const Dialog = ({ title, onClose, children }: DialogProps): JSX.Element => {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
};

export type ConfirmProps = Readonly<{
  title: string;
  action: string;
  busy: boolean;
  fault: string;
  onConfirm: () => void;
  onClose: () => void;
  children: ComponentChildren;
}>;

export const Confirm = ({
  title,
  action,
  busy,
  fault,
  onConfirm,
  onClose,
  children,
}: ConfirmProps): JSX.Element => (
  <Dialog title={title} onClose={onClose}>
    {children}
    <Fault words={fault} />
    <div class="actions">
      <Button onClick={onClose}>Cancel</Button>
      <Button kind="danger" busy={busy} onClick={onConfirm}>
        {action}
      </Button>
    </div>
  </Dialog>
);
