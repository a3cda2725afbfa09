// What a REGISTER means for application servers (TS 24.229 §5.4.1.7): which criteria it matches, and all that their third-party REGISTERs
// take, as an event that is appended with the bindings. Pure but for the run's name. Reader: register.ts, for users whose criteria may
// match a REGISTER at all.
import {
  allInChain,
  type Decision,
  evolveRegistration,
  liveBindings,
  type Registration,
  type RegistrationEvent,
  type RegistrationType,
  type ServerNews,
  streamOfRegistration,
  type ThirdPartyRegistrationDue,
  type ToldServer,
} from '#libs/domain';
import type { RegData } from '#libs/homestead-client';
import { detached, Edits, H, type ServerTransaction, type SipMessage } from '#libs/sip';
import { RequestSubject } from '../isc/request-subject.js';
import type { SproutPorts } from '../ports.js';
import type { Profile, ProfileCache } from '../profile-cache.js';

/** A longer REGISTER is not kept for servers that want it. */
export const KEPT_REGISTER_CHARACTERS_MAX = 16_384;
/** Application servers of one registration; those of lower precedence beyond it are not told. */
export const TOLD_SERVERS_MAX = 20;

export type Registered = Readonly<{
  impu: string;
  profile: Profile & Readonly<{ defaultImpu: string }>;
  charging: RegData['chargingAddresses'];
  before: Registration;
  events: readonly RegistrationEvent[];
  /** Header lines of the 200 for a row. */
  answerFor: (row: Registration) => string;
}>;

type Context = Readonly<{ ports: Pick<SproutPorts, 'clock' | 'run'>; profiles: ProfileCache }>;

/** Before any log has seen them: only whether they are there is asked of this row. */
const after = ({ before, events, profile }: Registered): Registration => {
  const stream = streamOfRegistration(profile.defaultImpu);
  const position = { generation: Number.MAX_SAFE_INTEGER, partition: 0, offset: 0 };
  return events.reduce<Registration>(
    (row, event) => evolveRegistration(row, { event, stream, position }),
    before,
  );
};

const ordinary = (row: Registration, nowMs: number) =>
  liveBindings(row, nowMs).filter(({ emergency }) => emergency !== true);

const kindOf = (isThere: boolean, wasThere: boolean): RegistrationType => {
  if (!isThere) return 'de-registration';
  return wasThere ? 're-registration' : 'initial';
};

/** Criteria of the identity that registers, of the default one where that is barred. */
const decisions = (
  { profiles }: Context,
  request: SipMessage,
  { profile, impu }: Registered,
  kind: RegistrationType,
): readonly Decision[] => {
  const own = profile.served.get(impu);
  const served = own === undefined || own.barred ? profile.served.get(profile.defaultImpu) : own;
  if (served === undefined) return [];
  const subject = new RequestSubject(request, request.requestUri, 'orig-reg', true, kind);
  return allInChain(profiles.rules(served.criteria), subject).invoke;
};

const serversOf = (due: readonly Decision[], atEnd: readonly Decision[]): readonly ToldServer[] => {
  const told = new Map<string, ToldServer>();
  for (const { criterion } of [...due, ...atEnd]) {
    const { serverName: server, defaultHandling: handling, ...wants } = criterion.source.applicationServer;
    if (told.has(server) || told.size >= TOLD_SERVERS_MAX) continue;
    const isOf = (list: readonly Decision[]): boolean =>
      list.some((each) => each.criterion.source.applicationServer.serverName === server);
    told.set(server, {
      server,
      handling,
      isDue: isOf(due),
      atEnd: isOf(atEnd),
      ...(wants.serviceInfo === undefined ? {} : { serviceInfo: wants.serviceInfo }),
      ...(wants.includeRegisterRequest ? { wantsRequest: true } : {}),
      ...(wants.includeRegisterResponse ? { wantsResponse: true } : {}),
    });
  }
  return [...told.values()];
};

/** Without what proves who sent it: no secret is ever in an event. */
const keptRequest = (request: SipMessage): string | undefined => {
  const edits = new Edits(request);
  for (const id of [H.Authorization, H.ProxyAuthorization, H.SecurityClient, H.SecurityVerify])
    edits.remove(id);
  const text = edits.render();
  return text.length > KEPT_REGISTER_CHARACTERS_MAX ? undefined : text;
};

const addressesOf = ({ ccf, ecf }: RegData['chargingAddresses']): string =>
  [...ccf.map((at) => `ccf=${at}`), ...ecf.map((at) => `ecf=${at}`)].join(';');

const headersOf = (request: SipMessage, charging: RegData['chargingAddresses']) => {
  const found = {
    accessNetwork: request.header(H.PAccessNetworkInfo),
    visitedNetwork: request.header(H.PVisitedNetworkId),
    chargingVector: request.header(H.PChargingVector),
    functionAddresses: addressesOf(charging) || undefined,
  };
  // They outlive the message.
  const kept = Object.entries(found).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, detached(value)] as const],
  );
  return Object.fromEntries(kept) as {
    [K in keyof typeof found]?: string;
  };
};

/** The event, where a server is to be told; none of emergency registrations, nor of what changes nothing. */
export const newsOfRegister = (
  context: Context,
  tx: ServerTransaction,
  registered: Registered,
): readonly ThirdPartyRegistrationDue[] => {
  const { request } = tx;
  const { clock, run } = context.ports;
  const nowMs = clock.nowMs();
  const row = after(registered);
  const bindings = ordinary(row, nowMs);
  const wasThere = ordinary(registered.before, nowMs).length > 0;
  if (bindings.length === 0 && !wasThere) return [];
  const kind = kindOf(bindings.length > 0, wasThere);
  const servers = serversOf(
    decisions(context, request, registered, kind),
    kind === 'de-registration' ? [] : decisions(context, request, registered, 'de-registration'),
  );
  if (servers.length === 0) return [];
  const wantsRequest = servers.some((each) => each.wantsRequest);
  const kept = wantsRequest ? keptRequest(request) : undefined;
  const response = servers.some((each) => each.wantsResponse)
    ? tx.render(200, 'OK', registered.answerFor(row))
    : undefined;
  const data: ServerNews = {
    kind,
    impu: registered.impu,
    servers,
    expiresAtMs: bindings.reduce((latest, { expiresAtMs }) => Math.max(latest, expiresAtMs), nowMs),
    atMs: nowMs,
    by: run(),
    ...headersOf(request, registered.charging),
    ...(kept === undefined ? {} : { request: kept }),
    ...(response === undefined ? {} : { response }),
  };
  return [{ type: 'ThirdPartyRegistrationDue', data }];
};
