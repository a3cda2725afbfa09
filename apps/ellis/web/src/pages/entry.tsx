// The pages before anybody is signed in: sign in, sign up with a code, forgotten password, new password by a link.
// The first of them is what a visitor waits for: nothing here loads the rest of the portal.
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PortalFacts, Session } from '../api/contract.js';
import { askRecovery, recover, signIn, signUp } from '../api/ellis.js';
import { useDoing } from '../loaded.js';
import { Link, navigate } from '../router.js';
import { Button, Field, Form } from '../ui/form.js';
import { Fault, Notice, useTitle } from '../ui/page.js';

type EntryFrameProps = Readonly<{ title: string; children: ComponentChildren; below?: ComponentChildren }>;

const EntryFrame = ({ title, children, below }: EntryFrameProps): JSX.Element => {
  useTitle(title);
  return (
    <main class="entry">
      <div class="brand">
        <img src="/icon.svg" alt="" width="40" height="40" />
        <span>Clearwater</span>
      </div>
      <section class="card">
        <h1 tabIndex={-1}>{title}</h1>
        {children}
      </section>
      {below !== undefined && <p class="below">{below}</p>}
    </main>
  );
};

type EntryProps = Readonly<{ facts: PortalFacts; onSession: (session: Session) => void }>;

/** `ended`: somebody was signed in, and goes on at the page where they were. */
export const SignIn = ({ onSession, facts, ended }: EntryProps & Readonly<{ ended: boolean }>): JSX.Element => {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { busy, fault, run } = useDoing();
  const submit = () => void run(async () => onSession(await signIn(email.trim(), password)));
  const below = <>New here? <Link to="/sign-up">Make an account</Link></>; // prettier-ignore
  return (
    <EntryFrame title="Sign in" below={below}>
      {ended && <Notice kind="info">Your session has ended. Sign in, and you are back where you were.</Notice>}
      <Form onSubmit={submit} label="Sign in">
        <Field label="E-mail address" type="email" value={email} onValue={setEmail} autoComplete="username" required />
        <Field label="Password" type="password" value={password} onValue={setPassword} autoComplete="current-password" required />
        <Fault words={fault} />
        <Button kind="primary" type="submit" busy={busy}>{busy ? 'Signing in…' : 'Sign in'}</Button>
      </Form>
      {facts.recovery_mail && <p class="hint"><Link to="/forgot">Forgotten your password?</Link></p>}
    </EntryFrame>
  );
}; // prettier-ignore

export const SignUp = ({ onSession, facts }: EntryProps): JSX.Element => {
  const [form, setForm] = useState({ full_name: '', email: '', password: '', signup_code: '' });
  const { busy, fault, run } = useDoing();
  const set = (name: keyof typeof form) => (value: string) => setForm((before) => ({ ...before, [name]: value }));
  const submit = () =>
    void run(async () => {
      const email = form.email.trim();
      await signUp({ ...form, email, full_name: form.full_name.trim(), signup_code: form.signup_code.trim() });
      onSession(await signIn(email, form.password));
    });
  const below = <>You have an account? <Link to="/sign-in">Sign in</Link></>; // prettier-ignore
  return (
    <EntryFrame title="Make an account" below={below}>
      <Form onSubmit={submit} label="Make an account">
        <Field label="Your name" value={form.full_name} onValue={set('full_name')} autoComplete="name" required maxLength={64} />
        <Field label="E-mail address" type="email" value={form.email} onValue={set('email')} autoComplete="username" required />
        <Field label="Password" type="password" value={form.password} onValue={set('password')} autoComplete="new-password" required minLength={facts.password_length_min} hint={`At least ${facts.password_length_min} characters.`} />
        <Field label="Sign-up code" value={form.signup_code} onValue={set('signup_code')} autoComplete="off" required hint="You have it from who runs this service." />
        <Fault words={fault} />
        <Button kind="primary" type="submit" busy={busy}>{busy ? 'Making it…' : 'Make account'}</Button>
      </Form>
    </EntryFrame>
  );
}; // prettier-ignore

export const Forgot = (): JSX.Element => {
  const [email, setEmail] = useState('');
  const [sent, setSent] = useState(false);
  const { busy, fault, run } = useDoing();
  const submit = () =>
    void run(async () => {
      await askRecovery(email.trim());
      setSent(true);
    });
  return (
    <EntryFrame title="Forgotten password" below={<Link to="/sign-in">Back to sign in</Link>}>
      {sent ? (
        <Notice kind="good">
          If there is an account for {email.trim()}, a mail with a link is on its way. The link holds for 24 hours.
        </Notice>
      ) : (
        <Form onSubmit={submit} label="Forgotten password">
          <Field label="E-mail address" type="email" value={email} onValue={setEmail} autoComplete="username" required />
          <Fault words={fault} />
          <Button kind="primary" type="submit" busy={busy}>Send me a link</Button>
        </Form>
      )}
    </EntryFrame>
  );
}; // prettier-ignore

/** What the link of a mail says. It opens once, and does not stay in the address bar and in the browser's history. */
const takeLink = (): Readonly<{ email: string; token: string }> => {
  const query = new URLSearchParams(location.search);
  history.replaceState(null, '', location.pathname);
  return { email: query.get('email') ?? '', token: query.get('token') ?? '' };
};

export const ResetPassword = ({ facts, onSession }: EntryProps): JSX.Element => {
  const [{ email, token }] = useState(takeLink);
  const [password, setPassword] = useState('');
  const { busy, fault, run } = useDoing();
  const submit = () =>
    void run(async () => {
      await recover(email, token, password);
      onSession(await signIn(email, password));
      navigate('/lines', { replace: true });
    });
  return (
    <EntryFrame title="New password" below={<Link to="/sign-in">Back to sign in</Link>}>
      {email === '' || token === '' ? (
        <Notice kind="fault">This link is not complete. Open it from the mail once more.</Notice>
      ) : (
        <Form onSubmit={submit} label="New password">
          <p class="lead">For {email}</p>
          <Field label="New password" type="password" value={password} onValue={setPassword} autoComplete="new-password" required minLength={facts.password_length_min} hint={`At least ${facts.password_length_min} characters.`} />
          <Fault words={fault} />
          <Button kind="primary" type="submit" busy={busy}>Set password</Button>
        </Form>
      )}
    </EntryFrame>
  );
}; // prettier-ignore
