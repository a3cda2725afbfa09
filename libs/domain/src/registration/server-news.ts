// What application servers are to be told of a registration (third-party REGISTER, TS 24.229 §5.4.1.7): which of them, and all that it
// takes. On the registration's row the newest news wins. Written by sprout as it accepts a REGISTER of a user whose filter criteria ask
// for it; acted on from the log. Stream: registration-<default IMPU>.
import { comparePositions, type Position } from '#libs/decider';
import type { RegistrationType } from '../filter-criteria/service-profile.js';

/** One application server of the user's criteria. */
export type ToldServer = Readonly<{
  server: string;
  /** What its failure means: nothing, or the end of the registration. */
  handling: 'continued' | 'terminated';
  /** It is told of this REGISTER; else only of an end that comes without one. */
  isDue: boolean;
  /** It is told of such an end. */
  atEnd: boolean;
  serviceInfo?: string;
  wantsRequest?: boolean;
  wantsResponse?: boolean;
}>;

export type ServerNews = Readonly<{
  kind: RegistrationType;
  /** Whose registration it is to them: To of what they get. */
  impu: string;
  servers: readonly ToldServer[];
  /** Of the binding that lasts longest; the moment itself for a de-registration. */
  expiresAtMs: number;
  /** When the REGISTER was accepted. */
  atMs: number;
  /** The run of a router that tells them. */
  by: string;
  accessNetwork?: string;
  visitedNetwork?: string;
  chargingVector?: string;
  functionAddresses?: string;
  /** The REGISTER without credentials, and its answer, where a server wants them. */
  request?: string;
  response?: string;
}>;

export type ThirdPartyRegistrationDue = Readonly<{ type: 'ThirdPartyRegistrationDue'; data: ServerNews }>;

/** The newest news, and where the log has it. */
export type NewsEntry = Readonly<{
  at: Position;
  data: ServerNews;
  /** Its servers have been told, and the messages that it kept for them are gone. */
  isTold?: true;
}>;

/** The higher position wins; the same object when nothing changes. */
export const evolveNews = (news: NewsEntry | undefined, data: ServerNews, at: Position): NewsEntry =>
  news !== undefined && comparePositions(news.at, at) >= 0 ? news : { at, data };

/**
 * Without the messages that it keeps, once the servers that want them have been told; the same object when there are none, or when it
 * is other news than that of `at`. No event says so: folded again from the log it has them, and is good for as much.
 */
export const newsWithoutMessages = (news: NewsEntry, at: Position): NewsEntry => {
  const { request, response, ...data } = news.data;
  if ((request ?? response) === undefined || comparePositions(news.at, at) !== 0) return news;
  return { at, data, isTold: true };
};

/** The newer of two rows' news; of the same, what has been told is so. */
export const mergeNews = (
  one: NewsEntry | undefined,
  other: NewsEntry | undefined,
): NewsEntry | undefined => {
  if (one === undefined || other === undefined) return one ?? other;
  const order = comparePositions(one.at, other.at);
  if (order !== 0) return order > 0 ? one : other;
  return one.isTold ? one : other;
};
