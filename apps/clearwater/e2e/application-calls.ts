// What end-to-end tests of applications ask of the product: its metrics, criteria that send calls to a tag, and a list as its user reads it.
import { digestResponse, ha1 } from '#libs/sip';
import { type RunningProduct, sleep, type Subscriber } from './running-product.js';

export const metricOf = async (product: RunningProduct, name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${product.ports.MANAGEMENT_PORT}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN);
};

export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tried = 0; tried < 500; tried++) {
    if (await holds()) return;
    await sleep(20);
  }
  throw new Error(`not in time: ${what}`);
};

export type Criterion = Readonly<{
  tag: string;
  /** Default handling; 0: CONTINUED. */
  handling?: number;
  /** 0: calls from the user; 1: calls to it. */
  sessionCase?: number;
}>;

/** INVITEs of a user go by this application; those to it and CONTINUED unless told otherwise. */
export const sendCallsTo = async (
  product: RunningProduct,
  key: string,
  impu: string,
  { tag, handling = 0, sessionCase = 1 }: Criterion,
): Promise<void> => {
  const url = `http://127.0.0.1:${product.ports.HOMESTEAD_PROV_PORT}`;
  const headers = { 'x-api-key': key, 'content-type': 'application/xml' };
  const profile = `${url}/public/${encodeURIComponent(impu)}/service_profile`;
  const found = await fetch(profile, { headers, redirect: 'manual' });
  const spt = (group: number, what: string): string =>
    `<SPT><ConditionNegated>0</ConditionNegated><Group>${group}</Group>${what}</SPT>`;
  const body =
    `<ServiceProfile><InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>` +
    `${spt(0, '<Method>INVITE</Method>')}${spt(1, `<SessionCase>${sessionCase}</SessionCase>`)}</TriggerPoint><ApplicationServer>` +
    `<ServerName>sip:${tag}@drachtio.ims.test</ServerName><DefaultHandling>${handling}</DefaultHandling></ApplicationServer>` +
    `</InitialFilterCriteria></ServiceProfile>`;
  const put = await fetch(`${url}${found.headers.get('location')}/filter_criteria`, {
    method: 'PUT',
    headers,
    body,
  });
  if (put.status !== 200) throw new Error(`criteria: ${put.status}`);
};

/** GET with the digest of a user's SIP credentials, as a browser does it: asked without first. */
export const getAs = async (url: string, { impi, password }: Omit<Subscriber, 'impu'>): Promise<Response> => {
  const first = await fetch(url);
  const asked = first.headers.get('www-authenticate') ?? '';
  const [, nonce = ''] = /nonce="([^"]+)"/.exec(asked) ?? [];
  const { pathname: uri } = new URL(url);
  const algorithm = 'MD5';
  const own = ha1(algorithm, impi, 'ims.test', password);
  const given = { algorithm, ha1: own, nonce, nc: '00000001', cnonce: 'c', qop: 'auth', method: 'GET', uri } as const; // prettier-ignore
  const authorization = `Digest username="${impi}", realm="ims.test", nonce="${nonce}", uri="${uri}", response="${digestResponse(given)}", algorithm=MD5, cnonce="c", qop=auth, nc=00000001`;
  return fetch(url, { headers: { authorization } });
};
