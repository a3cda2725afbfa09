// Is a Route value or Request-URI this node's own? By index into the text: no URI object a hop.
// RFC 3261 §16.4. What our Record-Route remembers of its dialog comes back by way of both clients: it is signed.
import { hash } from 'node:crypto';
import { hostPortOf, uriParam } from '#libs/sip';

export const isOwn = (uri: string, ownHosts: ReadonlySet<string>): boolean =>
  ownHosts.has(hostPortOf(uri).toLowerCase());

export type BillingRole = 'charge-orig' | 'charge-term';

/**
 * What a Record-Route of ours remembers of its dialog: the role that served it, the charging session's names, and whether
 * one end is outside this core (`open`: then the Request-URI may say where to).
 */
export type DialogMark = Readonly<{
  role: BillingRole;
  icid: string;
  dialog: string;
  open: boolean;
  /** Tells sides of the same role apart that are charged in one dialog: a callee who diverts it is another caller of it. */
  leg?: number;
}>;

/** The dialog of a mark as charging sessions are named by it. */
export const chargedDialog = ({ dialog, leg }: Pick<DialogMark, 'dialog' | 'leg'>): string =>
  leg === undefined ? dialog : `${dialog}.${leg}`;

/** 66 bits: a forger has one try a request, and gains no more than a record of a call that never was. */
const SIGNATURE_CHARACTERS = 11;

/** Writes and reads marks; with another key than this one's they are no marks. */
export class DialogMarks {
  readonly #key: string;

  /** `key`: at least 32 bytes that outlive the process, the same for all routers of a deployment. */
  constructor(key: Buffer) {
    this.#key = hash('sha256', Buffer.concat([key, Buffer.from('dialog marks')]), 'hex');
  }

  /** `<sip:scscf…;lr;billing-role=…;icid=…;dialog=…;sig=…>` */
  recordRoute(scscfUri: string, mark: DialogMark): string {
    const { role, icid, dialog, open, leg } = mark;
    return `<${scscfUri};lr;billing-role=${role};icid=${icid};dialog=${dialog}${open ? ';open' : ''}${leg === undefined ? '' : `;leg=${leg}`};sig=${this.#sign(mark)}>`;
  }

  /** The mark in a Route value; undefined when there is none, or none of ours. */
  read(uri: string): DialogMark | undefined {
    const role = uriParam(uri, 'billing-role');
    const icid = uriParam(uri, 'icid');
    const dialog = uriParam(uri, 'dialog');
    if ((role !== 'charge-orig' && role !== 'charge-term') || icid === undefined || dialog === undefined)
      return undefined;
    const leg = uriParam(uri, 'leg');
    const mark = {
      role,
      icid,
      dialog,
      open: uriParam(uri, 'open') !== undefined,
      ...(leg === undefined ? {} : { leg: Number(leg) }),
    } as const;
    return uriParam(uri, 'sig') === this.#sign(mark) ? mark : undefined;
  }

  /** The digest is cut, so that nobody can go on with it (length extension); no HMAC is needed. */
  #sign({ role, icid, dialog, open, leg }: DialogMark): string {
    return hash(
      'sha256',
      `${this.#key};${role};${icid};${dialog};${open}${leg === undefined ? '' : `;${leg}`}`,
      'base64url',
    ).slice(0, SIGNATURE_CHARACTERS);
  }
}
