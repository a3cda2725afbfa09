// Fields of forms: a label, what to enter, and what is wrong with it, tied together for who listens. Used by every form.
import type { ComponentChildren, JSX } from 'preact';
import { useId, useState } from 'preact/hooks';

export type FieldProps = Readonly<{
  label: string;
  value: string;
  onValue: (value: string) => void;
  type?: 'text' | 'email' | 'password' | 'number' | 'search';
  hint?: string;
  fault?: string;
  autoComplete?: string;
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
  placeholder?: string;
  disabled?: boolean;
  inputMode?: 'text' | 'tel' | 'numeric' | 'email';
}>;

export const Field = ({
  label,
  value,
  onValue,
  hint,
  fault,
  type = 'text',
  ...rest
}: FieldProps): JSX.Element => {
  const id = useId();
  const [shown, setShown] = useState(false);
  // One of several, which the types of elements do not have: what else is given goes with each of them.
  const kind = { type: type === 'password' && shown ? 'text' : type } as { type: 'text' };
  const described = [hint === undefined ? '' : `${id}-hint`, fault ? `${id}-fault` : ''].join(' ').trim();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-box">
        <input
          id={id}
          {...kind}
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
          aria-invalid={fault ? 'true' : 'false'}
          {...(described === '' ? {} : { 'aria-describedby': described })}
          {...rest}
        />
        {type === 'password' && (
          <button type="button" class="plain" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? 'Hide' : 'Show'}
          </button>
        )}
      </div>
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {fault && (
        <p id={`${id}-fault`} class="field-fault">
          {fault}
        </p>
      )}
    </div>
  );
};

export type SwitchProps = Readonly<{
  label: string;
  hint?: ComponentChildren;
  on: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
}>;

export const Switch = ({ label, hint, on, onChange, disabled = false }: SwitchProps): JSX.Element => {
  const id = useId();
  return (
    <div class="switch">
      <div class="switch-text">
        <label for={id}>{label}</label>
        {hint !== undefined && (
          <p id={`${id}-hint`} class="hint">
            {hint}
          </p>
        )}
      </div>
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={on}
        disabled={disabled}
        {...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` })}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </div>
  );
};

export type FormProps = Readonly<{ onSubmit: () => void; children: ComponentChildren; label?: string }>;

export const Form = ({ onSubmit, children, label }: FormProps): JSX.Element => (
  <form
    {...(label === undefined ? {} : { 'aria-label': label })}
    onSubmit={(event) => {
      event.preventDefault();
      onSubmit();
    }}
  >
    {children}
  </form>
);

export type ButtonProps = Readonly<{
  children: ComponentChildren;
  onClick?: () => void;
  kind?: 'primary' | 'plain' | 'danger' | 'ordinary';
  type?: 'button' | 'submit';
  busy?: boolean;
  disabled?: boolean;
  pressed?: boolean;
  /** Spoken in place of the words, where these alone do not say of what. */
  label?: string;
}>;

export const Button = ({ children, onClick, kind = 'ordinary', type = 'button', busy = false, disabled = false, pressed, label }: ButtonProps): JSX.Element => (
  <button
    type={type}
    class={kind}
    disabled={disabled || busy}
    aria-busy={busy}
    {...(onClick === undefined ? {} : { onClick })}
    {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
    {...(label === undefined ? {} : { 'aria-label': label })}
  >
    {children}
  </button>
); // prettier-ignore
