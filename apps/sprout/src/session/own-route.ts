// Is a Route value or Request-URI this node's own? By index into the text: no URI object a hop.
// RFC 3261 §16.4; sip.md's `billing-role` and session tag travel in our Record-Route's parameters.
import { hostPortOf, uriParam } from '#libs/sip';

export const isOwn = (uri: string, ownHosts: ReadonlySet<string>): boolean =>
  ownHosts.has(hostPortOf(uri).toLowerCase());

export type BillingRole = 'charge-orig' | 'charge-term' | 'charge-none';

/** What a Record-Route of ours remembers of its dialog: the role that served it, and the charging session's names. */
export type DialogMark = Readonly<{ role: BillingRole; icid: string; dialog: string }>;

/** `<sip:scscf…;lr;billing-role=…;icid=…;dialog=…>` */
export const recordRoute = (scscfUri: string, { role, icid, dialog }: DialogMark): string =>
  `<${scscfUri};lr;billing-role=${role};icid=${icid};dialog=${dialog}>`;

/** The mark in a Route value of ours; undefined when a foreign or older node wrote none. */
export const dialogMark = (uri: string): DialogMark | undefined => {
  const role = uriParam(uri, 'billing-role');
  const icid = uriParam(uri, 'icid');
  const dialog = uriParam(uri, 'dialog');
  if ((role !== 'charge-orig' && role !== 'charge-term') || icid === undefined || dialog === undefined)
    return undefined;
  return { role, icid, dialog };
};
