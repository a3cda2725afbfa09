// Who is an operator: the first one is made at the machine, further ones here. Path: /admin/operators.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Role } from '../api/contract.js';
import { setRole } from '../api/ellis.js';
import { doubtSession } from '../api/session-doubt.js';
import { useDoing } from '../loaded.js';
import { usePortal } from '../portal-context.js';
import { Button, Field, Form } from '../ui/form.js';
import { Fault } from '../ui/page.js';

export const Operators = (): JSX.Element => {
  const { tell } = usePortal();
  const [email, setEmail] = useState('');
  const { busy, fault, run } = useDoing();
  const address = email.trim();
  const give = (role: Role) =>
    void run(async () => {
      await setRole(address, role);
      tell(role === 'operator' ? `${address} is an operator now.` : `${address} is no operator any more.`);
      setEmail('');
      // It may have been one's own.
      doubtSession();
    });
  return (
    <section class="card">
      <h2>Who is an operator</h2>
      <p class="quiet">Operators see every subscriber and every call, change filter criteria and make other operators. The last one stays one.</p>
      <Form onSubmit={() => give('operator')} label="Who is an operator">
        <Field label="E-mail address of an account" type="email" value={email} onValue={setEmail} autoComplete="off" required />
        <Fault words={fault} />
        <div class="actions">
          <Button kind="danger" disabled={busy || address === ''} onClick={() => give('user')}>Take the role back</Button>
          <Button kind="primary" type="submit" busy={busy}>Make an operator</Button>
        </div>
      </Form>
    </section>
  );
}; // prettier-ignore
