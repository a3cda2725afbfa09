// The account: its password, and its end. Path: /account.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { changePassword, deleteAccount } from '../api/ellis.js';
import { useDoing } from '../loaded.js';
import { usePortal } from '../portal-context.js';
import { Confirm } from '../ui/dialog.js';
import { Button, Field, Form } from '../ui/form.js';
import { Fault, Page } from '../ui/page.js';

export const Account = (_props: Readonly<{ parts: readonly string[] }>): JSX.Element => {
  const { session } = usePortal();
  return (
    <Page title="Account" lead={`${session.full_name}, ${session.username}`}>
      <PasswordForm />
      <EndOfAccount />
    </Page>
  );
};

const PasswordForm = (): JSX.Element => {
  const { session, facts, tell } = usePortal();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const { busy, fault, run } = useDoing();
  const submit = () =>
    void run(async () => {
      await changePassword(session.username, current, password);
      setCurrent('');
      setPassword('');
      tell('The password is changed. You are signed out everywhere else.');
    });
  return (
    <section class="card">
      <h2>Change password</h2>
      <Form onSubmit={submit} label="Change password">
        <input type="email" autoComplete="username" value={session.username} hidden readOnly aria-hidden="true" tabIndex={-1} />
        <Field label="Current password" type="password" value={current} onValue={setCurrent} autoComplete="current-password" required />
        <Field label="New password" type="password" value={password} onValue={setPassword} autoComplete="new-password" required minLength={facts.password_length_min} hint={`At least ${facts.password_length_min} characters.`} />
        <Fault words={fault} />
        <div class="actions"><Button kind="primary" type="submit" busy={busy}>Change password</Button></div>
      </Form>
    </section>
  );
}; // prettier-ignore

const EndOfAccount = (): JSX.Element => {
  const { session, signedOut } = usePortal();
  const [asking, setAsking] = useState(false);
  const { busy, fault, run } = useDoing();
  const remove = () =>
    void run(async () => {
      await deleteAccount(session.username);
      signedOut();
    });
  return (
    <section class="card">
      <h2>Delete account</h2>
      <p class="quiet">All of its lines go with it.</p>
      <div class="actions"><Button kind="danger" onClick={() => setAsking(true)}>Delete account</Button></div>
      {asking && (
        <Confirm title="Delete your account?" action="Delete account" busy={busy} fault={fault} onConfirm={remove} onClose={() => setAsking(false)}>
          <p>Your lines stop working at once, and their numbers may be given to others. This cannot be undone.</p>
        </Confirm>
      )}
    </section>
  );
}; // prettier-ignore
