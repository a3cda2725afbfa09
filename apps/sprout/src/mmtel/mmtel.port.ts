// What the telephony server needs of the world; mmtel-node.ts supplies it.
import type { Clock, Random } from '#libs/runtime';
import type { Endpoint } from '#libs/sip';
import type { CallFacts, SproutObserver } from '../ports.js';
import type { PrivateDialogs } from './private-dialog.js';

/** simservs documents by `<IMPU>/<AUID>`: the document view, later also an XDMS elsewhere. */
export interface ServiceDocuments {
  /** In memory already: no promise. null: the user has none; undefined: ask `xml`. */
  peek(id: string): string | null | undefined;
  /** Rejects when it cannot be told whether there is one. */
  xml(id: string): Promise<string | undefined>;
}

export type MmtelPorts = Readonly<{
  privateDialogs: PrivateDialogs;
  /** What services decided, on its way to the log. */
  calls: CallFacts;
  /** Absent: users have no documents, only servers with parameters serve. */
  documents?: ServiceDocuments;
  clock: Clock;
  random: Random;
  observer: SproutObserver;
  /** Late bound: the endpoint is created with the server as its user. */
  endpoint: () => Endpoint;
}>;

export type MmtelSettings = Readonly<{
  homeDomain: string;
  /** host:port pairs and names by which Route means this server. */
  ownHosts: ReadonlySet<string>;
  /** ISO 3166 code of the country whose numbers are national; '': only a user's own number tells. */
  homeCountry: string;
}>;
