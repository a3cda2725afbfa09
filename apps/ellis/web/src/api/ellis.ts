// Ellis' routes as functions (docs/ellis.md). Used by the pages.
import type {
  Call,
  Contact,
  CriteriaPreview,
  DeadLetters,
  Device,
  FoundSubscribers,
  Ladder,
  Line,
  NewLine,
  ParkedStreams,
  PortalFacts,
  Role,
  Session,
  Subscriber,
} from './contract.js';
import { ask, askJson, RequestRefused } from './http.js';

const account = (email: string): string => `/accounts/${encodeURIComponent(email)}`;
export const lineUrl = (email: string, sipUri: string): string =>
  `${account(email)}/numbers/${encodeURIComponent(sipUri)}`;

export const portalFacts = (): Promise<PortalFacts> => askJson('/portal');

// ---- Accounts ----

/** undefined: nobody is signed in. */
export const currentSession = async (): Promise<Session | undefined> => {
  try {
    return await askJson<Session>('/session/');
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 403) return undefined;
    throw error;
  }
};

export const signIn = (username: string, password: string): Promise<Session> =>
  askJson('/session/', { method: 'POST', json: { username, password } });

export const signOut = async (): Promise<void> => void (await ask('/session/', { method: 'DELETE' }));

export type SignUp = Readonly<{ email: string; password: string; full_name: string; signup_code: string }>;
export const signUp = async (form: SignUp): Promise<void> =>
  void (await ask('/accounts/', { method: 'POST', json: form }));

export const askRecovery = async (email: string): Promise<void> =>
  void (await ask(`${account(email)}/password`, { method: 'POST', json: {} }));

export const recover = async (email: string, token: string, password: string): Promise<void> =>
  void (await ask(`${account(email)}/password`, {
    method: 'POST',
    json: { recovery_token: token, password },
  }));

export const changePassword = async (email: string, current: string, password: string): Promise<void> =>
  void (await ask(`${account(email)}/password`, {
    method: 'POST',
    json: { current_password: current, password },
  }));

export const deleteAccount = async (email: string): Promise<void> =>
  void (await ask(`${account(email)}/`, { method: 'DELETE' }));

// ---- Lines ----

export const linesOf = async (email: string): Promise<readonly Line[]> =>
  (await askJson<{ numbers: readonly Line[] }>(`${account(email)}/numbers/`)).numbers;

export const addLine = (email: string): Promise<NewLine> =>
  askJson(`${account(email)}/numbers/`, { method: 'POST', json: {} });

export const deleteLine = async (email: string, sipUri: string): Promise<void> =>
  void (await ask(`${lineUrl(email, sipUri)}/`, { method: 'DELETE' }));

export const newLinePassword = async (email: string, sipUri: string): Promise<string> =>
  (
    await askJson<{ sip_password: string }>(`${lineUrl(email, sipUri)}/password`, {
      method: 'POST',
      json: {},
    })
  ).sip_password;

export const listLine = async (email: string, sipUri: string, listed: boolean): Promise<void> =>
  void (await ask(`${lineUrl(email, sipUri)}/listed/${listed ? 1 : 0}`, { method: 'PUT', json: {} }));

export const contacts = async (): Promise<readonly Contact[]> =>
  (await askJson<{ contacts: readonly Contact[] }>('/gab')).contacts;

export type StoredXml = Readonly<{ xml: string | undefined; etag: string | null }>;

/** xml undefined: there is none yet. */
export const simservs = async (email: string, sipUri: string): Promise<StoredXml> => {
  try {
    const { text, etag } = await ask(`${lineUrl(email, sipUri)}/simservs`);
    return { xml: text, etag };
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 404) return { xml: undefined, etag: null };
    throw error;
  }
};

/** 412: somebody else changed it since it was read. */
export const putSimservs = async (
  email: string,
  sipUri: string,
  xml: string,
  etag: string | null,
): Promise<void> =>
  void (await ask(`${lineUrl(email, sipUri)}/simservs`, {
    method: 'PUT',
    xml,
    headers: etag === null ? {} : { 'If-Match': etag },
  }));

// ---- Devices and calls ----

export const devicesOf = async (email: string, sipUri: string): Promise<readonly Device[]> =>
  (await askJson<{ devices: readonly Device[] }>(`${lineUrl(email, sipUri)}/devices`)).devices;

export const callsOf = async (email: string, sipUri: string, limit: number): Promise<readonly Call[]> =>
  (await askJson<{ calls: readonly Call[] }>(`${lineUrl(email, sipUri)}/calls?limit=${limit}`)).calls;

export const ladderOf = (email: string, sipUri: string, id: string): Promise<Ladder> =>
  askJson(`${lineUrl(email, sipUri)}/calls/${encodeURIComponent(id)}`);

// ---- Operators ----

export const findSubscribers = (search: string, after: string | undefined): Promise<FoundSubscribers> =>
  askJson(`/operator/subscribers?${new URLSearchParams({ search, limit: '50', ...(after === undefined ? {} : { after }) }).toString()}`); // prettier-ignore

const subscriberUrl = (sipUri: string): string => `/operator/subscribers/${encodeURIComponent(sipUri)}`;
export const subscriber = (sipUri: string): Promise<Subscriber> => askJson(subscriberUrl(sipUri));
export const operatorLadder = (id: string): Promise<Ladder> =>
  askJson(`/operator/calls/${encodeURIComponent(id)}`);
export const criteria = async (sipUri: string): Promise<string> =>
  (await ask(`${subscriberUrl(sipUri)}/ifcs`)).text;
export const putCriteria = async (sipUri: string, xml: string): Promise<void> =>
  void (await ask(`${subscriberUrl(sipUri)}/ifcs`, { method: 'PUT', xml }));
export const previewCriteria = (sipUri: string, xml: string): Promise<CriteriaPreview> =>
  askJson(`${subscriberUrl(sipUri)}/ifcs/preview`, { method: 'POST', xml });
export const parkedStreams = (): Promise<ParkedStreams> => askJson('/operator/parked');
/** How many events of that stream are parked still. */
export const retryParked = async (id: string): Promise<number> =>
  (await askJson<{ left: number }>(`/operator/parked/${encodeURIComponent(id)}/retry`, { method: 'POST' }))
    .left;
export const deadLetters = (): Promise<DeadLetters> => askJson('/operator/dead-letters');
const deadLetterUrl = (id: string): string => `/operator/dead-letters/${encodeURIComponent(id)}`;
export const replayDeadLetter = async (id: string): Promise<void> =>
  void (await ask(`${deadLetterUrl(id)}/replay`, { method: 'POST' }));
export const discardDeadLetter = async (id: string): Promise<void> =>
  void (await ask(deadLetterUrl(id), { method: 'DELETE' }));
export const setRole = async (email: string, role: Role): Promise<void> =>
  void (await ask(`/operator/operators/${encodeURIComponent(email)}`, {
    method: role === 'operator' ? 'PUT' : 'DELETE',
  }));
