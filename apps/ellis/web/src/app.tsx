// The portal: who is signed in decides what there is, the path decides what is shown. Pages are loaded as they are opened.
import type { ComponentType, JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PortalFacts, Session } from './api/contract.js';
import { currentSession, portalFacts, signOut } from './api/ellis.js';
import { faultWords } from './api/http.js';
import { Forgot, ResetPassword, SignIn, SignUp } from './pages/entry.js';
import { PhoneBar } from './phone/call-view.js';
import { forgetAllCredentials } from './phone/kept-credentials.js';
import { stopPhone } from './phone/phone-state.js';
import { PortalContext } from './portal-context.js';
import { Link, navigate, partsBelow, usePath } from './router.js';
import { Button } from './ui/form.js';
import { Fault, Notice } from './ui/page.js';

type PageOf = ComponentType<{ parts: readonly string[] }>;
type Route = Readonly<{ prefix: string; operator?: boolean; load: () => Promise<PageOf> }>;

const ROUTES: readonly Route[] = [
  { prefix: '/lines', load: async () => (await import('./pages/lines.js')).Lines },
  { prefix: '/phone', load: async () => (await import('./phone/phone-page.js')).PhonePage },
  { prefix: '/contacts', load: async () => (await import('./pages/contacts.js')).Contacts },
  { prefix: '/account', load: async () => (await import('./pages/account.js')).Account },
  { prefix: '/admin', operator: true, load: async () => (await import('./admin/admin.js')).Admin },
];

const TOLD_MS = 6_000;

/** A page's code, once it is here. */
const useRoute = (route: Route | undefined) => {
  const [loaded, setLoaded] = useState<{ route: Route; page: PageOf } | { route: Route; fault: string }>();
  useEffect(() => {
    if (route === undefined) return;
    route.load().then(
      (page) => setLoaded({ route, page }),
      () => setLoaded({ route, fault: 'This page could not be loaded. Perhaps there is a newer one: load it again.' }),
    );
  }, [route]);
  return loaded?.route === route ? loaded : undefined;
}; // prettier-ignore

const SignedIn = ({ session, facts, signedOut }: Readonly<{ session: Session; facts: PortalFacts; signedOut: () => void }>): JSX.Element => {
  const path = usePath();
  const [told, setTold] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const tell = useCallback((words: string) => {
    setTold(words);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setTold(''), TOLD_MS);
  }, []);
  const portal = useMemo(() => ({ session, facts, tell, signedOut }), [session, facts, tell, signedOut]);
  const isOperator = session.role === 'operator';
  const route = ROUTES.find(({ prefix, operator }) => partsBelow(path, prefix) !== undefined && (!operator || isOperator));
  const loaded = useRoute(route);
  useEffect(() => {
    if (path === '/' || path === '/sign-in' || path === '/sign-up') navigate('/lines', { replace: true });
  }, [path]);
  return (
    <PortalContext.Provider value={portal}>
      <Header path={path} session={session} signedOut={signedOut} />
      <main class="content" id="content">
        {route === undefined && path !== '/' && <NotHere />}
        {loaded && 'fault' in loaded && <Notice kind="fault">{loaded.fault}</Notice>}
        {loaded && 'page' in loaded && <loaded.page parts={partsBelow(path, loaded.route.prefix) ?? []} />}
      </main>
      {partsBelow(path, '/phone') === undefined && <PhoneBar />}
      <div class="told" role="status" aria-live="polite">{told !== '' && <p>{told}</p>}</div>
    </PortalContext.Provider>
  );
}; // prettier-ignore

const NotHere = (): JSX.Element => (
  <div class="empty">
    <h1 tabIndex={-1}>There is nothing here</h1>
    <p><Link to="/lines">Go to your lines</Link></p>
  </div>
); // prettier-ignore

const Header = ({ path, session, signedOut }: Readonly<{ path: string; session: Session; signedOut: () => void }>): JSX.Element => {
  const at = (prefix: string): boolean => partsBelow(path, prefix) !== undefined;
  const leave = () => void signOut().finally(signedOut);
  return (
    <header class="top">
      <a class="skip" href="#content">To the content</a>
      <Link to="/lines" class="brand small" label="Clearwater, to your lines">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <span>Clearwater</span>
      </Link>
      <nav aria-label="Pages">
        <Link to="/lines" current={at('/lines')}>Lines</Link>
        <Link to="/phone" current={at('/phone')}>Phone</Link>
        <Link to="/contacts" current={at('/contacts')}>Contacts</Link>
        {session.role === 'operator' && <Link to="/admin" current={at('/admin')}>Operations</Link>}
        <Link to="/account" current={at('/account')}>Account</Link>
      </nav>
      <Button kind="plain" onClick={leave}>Sign out</Button>
    </header>
  );
}; // prettier-ignore

type Start = Readonly<{ facts: PortalFacts; session: Session | undefined }>;

const Entry = ({ facts, onSession }: Readonly<{ facts: PortalFacts; onSession: (session: Session) => void }>): JSX.Element => {
  const path = usePath();
  if (path === '/sign-up') return <SignUp facts={facts} onSession={onSession} />;
  if (path === '/forgot') return <Forgot />;
  if (path === '/reset-password') return <ResetPassword facts={facts} onSession={onSession} />;
  return <SignIn facts={facts} onSession={onSession} />;
}; // prettier-ignore

export const App = (): JSX.Element => {
  const [start, setStart] = useState<Start>();
  const [fault, setFault] = useState('');
  const begin = useCallback(() => {
    setFault('');
    Promise.all([portalFacts(), currentSession()]).then(
      ([facts, session]) => setStart({ facts, session }),
      (error: unknown) => setFault(faultWords(error)),
    );
  }, []);
  useEffect(begin, [begin]);
  const signedOut = useCallback(() => {
    stopPhone();
    forgetAllCredentials();
    setStart((before) => before && { ...before, session: undefined });
    navigate('/sign-in');
  }, []);
  if (fault !== '')
    return (
      <main class="entry">
        <h1>Clearwater</h1>
        <Fault words={fault} />
        <Button onClick={begin}>Try again</Button>
      </main>
    );
  if (start === undefined) return <main class="entry" aria-busy="true" />;
  const { facts, session } = start;
  if (session === undefined) return <Entry facts={facts} onSession={(made) => setStart({ facts, session: made })} />;
  return <SignedIn session={session} facts={facts} signedOut={signedOut} />;
}; // prettier-ignore
