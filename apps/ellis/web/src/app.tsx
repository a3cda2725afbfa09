// The portal: who is signed in decides what there is, the path decides what is shown. Pages are loaded as they are opened.
import type { ComponentType, JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PortalFacts, Session } from './api/contract.js';
import { currentSession, portalFacts, signOut } from './api/ellis.js';
import { faultWords, RequestRefused } from './api/http.js';
import { onSessionDoubted } from './api/session-doubt.js';
import { onSignedOutElsewhere, tellSignedOut } from './other-tabs.js';
import { Forgot, ResetPassword, SignIn, SignUp } from './pages/entry.js';
import { PhoneBar } from './phone/call-view.js';
import { forgetAllCredentials } from './phone/kept-credentials.js';
import { isInCall, stopPhone } from './phone/phone-state.js';
import { PortalContext } from './portal-context.js';
import { Link, navigate, partsBelow, usePath } from './router.js';
import { Button } from './ui/form.js';
import { Guard } from './ui/guard.js';
import { Fault, Notice } from './ui/page.js';

type PageOf = ComponentType<{ parts: readonly string[] }>;
type Route = Readonly<{ prefix: string; operator?: boolean; load: () => Promise<PageOf> }>;
type Loaded = Readonly<{ route: Route; page?: PageOf }>;

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
  const [loaded, setLoaded] = useState<Loaded>();
  useEffect(() => {
    if (route === undefined) return;
    route.load().then(
      (page) => setLoaded({ route, page }),
      () => setLoaded({ route }),
    );
  }, [route]);
  return loaded?.route === route ? loaded : undefined;
};

/** Its code did not come: the server is away, or has newer pages than this one knows. */
const NotLoaded = (): JSX.Element => (
  <Notice kind="fault">
    <p>This page could not be loaded. Are you online? Perhaps there is a newer one.</p>
    <Button onClick={() => location.reload()}>Load it again</Button>
  </Notice>
);

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
      <Header path={path} session={session} signedOut={signedOut} tell={tell} />
      <main class="content" id="content">
        {route === undefined && path !== '/' && <NotHere />}
        {loaded && loaded.page === undefined && <NotLoaded />}
        <Guard of={path}>{loaded?.page && <loaded.page parts={partsBelow(path, loaded.route.prefix) ?? []} />}</Guard>
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

type HeaderProps = Readonly<{
  path: string;
  session: Session;
  signedOut: () => void;
  tell: (words: string) => void;
}>;

const Header = ({ path, session, signedOut, tell }: HeaderProps): JSX.Element => {
  const at = (prefix: string): boolean => partsBelow(path, prefix) !== undefined;
  // Where the server has not heard of it the session goes on, and nobody is told that it is over.
  const leave = () =>
    void signOut().then(signedOut, (error: unknown) =>
      error instanceof RequestRefused && error.status === 403 ? signedOut() : tell(`You are still signed in. ${faultWords(error)}`),
    );
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

type EntryProps = Readonly<{ facts: PortalFacts; ended: boolean; onSession: (session: Session) => void }>;

const Entry = ({ facts, ended, onSession }: EntryProps): JSX.Element => {
  const path = usePath();
  if (path === '/sign-up') return <SignUp facts={facts} onSession={onSession} />;
  if (path === '/forgot') return <Forgot />;
  if (path === '/reset-password') return <ResetPassword facts={facts} onSession={onSession} />;
  return <SignIn facts={facts} onSession={onSession} ended={ended} />;
};

/**
 * Looks whether there still is this session when something was refused that one opens, and says what there is where it differs: none, one with
 * another role, or of another account, that somebody signed in to in another tab.
 */
const useSessionCheck = (session: Session | undefined, found: (now: Session | undefined) => void): void => {
  useEffect(() => {
    if (session === undefined) return undefined;
    let isAsking = false;
    return onSessionDoubted(() => {
      if (isAsking) return;
      isAsking = true;
      currentSession()
        .then((now) => {
          if (now?.username !== session.username || now.role !== session.role) found(now);
        })
        // Away or busy: what was refused has said so, and is asked for again.
        .catch(() => undefined)
        .finally(() => (isAsking = false));
    });
  }, [session, found]);
};

export const App = (): JSX.Element => {
  const [start, setStart] = useState<Start>();
  const [fault, setFault] = useState('');
  const [ended, setEnded] = useState(false);
  const begin = useCallback(() => {
    setFault('');
    Promise.all([portalFacts(), currentSession()]).then(
      ([facts, session]) => setStart({ facts, session }),
      (error: unknown) => setFault(faultWords(error)),
    );
  }, []);
  useEffect(begin, [begin]);
  const forget = useCallback((elsewhere: boolean) => {
    stopPhone();
    forgetAllCredentials();
    setStart((before) => before && { ...before, session: undefined });
    setEnded(elsewhere);
  }, []);
  const signedOut = useCallback(() => {
    forget(false);
    tellSignedOut();
    navigate('/sign-in');
  }, [forget]);
  useEffect(() => onSignedOutElsewhere(() => forget(true)), [forget]);
  const found = useCallback((session: Session | undefined) => {
    // Where one was is where one goes on; the phone's credentials stay too, and a call is not hung up.
    if (session === undefined && !isInCall()) stopPhone();
    setEnded(session === undefined);
    setStart((before) => before && { ...before, session });
  }, []);
  useSessionCheck(start?.session, found);
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
  if (session === undefined)
    return (
      <>
        <Entry facts={facts} ended={ended} onSession={(made) => setStart({ facts, session: made })} />
        <PhoneBar />
      </>
    );
  return <SignedIn session={session} facts={facts} signedOut={signedOut} />;
}; // prettier-ignore
