// What application servers get (TS 24.229 §5.4.1.7): headers, and bodies of one part or several.
import type { ServerNews, ToldServer } from '#libs/domain';
import { parseXml } from '#libs/homestead-client';
import { H, ownRequest } from '#libs/sip';
import { newsName, thirdPartyRegister } from './register-request.js';

const told: ToldServer = {
  server: 'sip:as.ims.test;transport=tcp',
  handling: 'continued',
  isDue: true,
  atEnd: true,
};
const news: ServerNews = {
  kind: 'initial',
  impu: 'sip:alice@ims.test',
  servers: [told],
  expiresAtMs: 300_000,
  atMs: 0,
  by: 'run',
  accessNetwork: '3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=1',
  visitedNetwork: 'visited.test',
  chargingVector: 'icid-value=1',
  functionAddresses: 'ccf=aaa://c',
  request: 'REGISTER sip:ims.test SIP/2.0\r\n\r\n',
  response: 'SIP/2.0 200 OK\r\n\r\n',
};
const own = { scscfUri: 'sip:scscf.ims.test:5054', name: 'name', expiresS: 300, isEnd: false };
const messageOf = (server: Partial<ToldServer>, over: Partial<typeof own> = {}) =>
  ownRequest(thirdPartyRegister({ ...told, ...server }, news, { ...own, ...over })).message;

it('carries what the REGISTER of the user told of it', () => {
  const message = messageOf({});
  expect([
    message.requestUri,
    message.header(H.To),
    message.header(H.From),
    message.header(H.Contact),
  ]).toEqual([
    told.server,
    '<sip:alice@ims.test>',
    '<sip:scscf.ims.test:5054>;tag=name',
    '<sip:scscf.ims.test:5054>',
  ]);
  expect([message.header(H.Expires), message.cseq, message.header(H.CallId)]).toEqual(['300', 1, 'name']);
  expect(message.header(H.PAccessNetworkInfo)).toBe(news.accessNetwork);
  expect(message.header(H.PVisitedNetworkId)).toBe('visited.test');
  expect(message.header(H.PChargingVector)).toBe('icid-value=1');
  expect(message.header(H.PChargingFunctionAddresses)).toBe('ccf=aaa://c');
  expect([message.has(H.ContentType), message.body]).toEqual([false, '']);
});

it('carries service information as a document that reads back, whatever the operator wrote', () => {
  const message = messageOf({ serviceInfo: '<gold a="1">&ä</gold>' });
  expect(message.header(H.ContentType)).toBe('application/3gpp-ims+xml');
  expect(parseXml(message.body)).toEqual({
    ok: true,
    value: { 'ims-3gpp': [{ 'service-info': ['<gold a="1">&ä</gold>'] }] },
  });
});

it('carries the REGISTER or its answer alone, or several parts', () => {
  expect(messageOf({ wantsRequest: true })).toMatchObject({ body: news.request });
  expect(messageOf({ wantsResponse: true }).header(H.ContentType)).toBe('message/sip');
  const all = messageOf({ serviceInfo: 'gold', wantsRequest: true, wantsResponse: true });
  expect(all.header(H.ContentType)).toBe('multipart/mixed;boundary=name');
  const parts = all.body.split('--name');
  expect(parts).toHaveLength(5);
  expect(parts[1]).toContain('Content-Type: application/3gpp-ims+xml\r\n\r\n<?xml');
  expect(parts[2]).toBe(`\r\nContent-Type: message/sip\r\n\r\n${news.request}\r\n`);
  expect(parts[3]).toBe(`\r\nContent-Type: message/sip\r\n\r\n${news.response}\r\n`);
  expect(parts[4]).toBe('--\r\n');
});

it('has no REGISTER to show of an end that came without one', () => {
  const message = messageOf(
    { wantsRequest: true, wantsResponse: true, serviceInfo: 'gold' },
    { isEnd: true, expiresS: 0 },
  );
  expect([message.header(H.ContentType), message.header(H.Expires)]).toEqual([
    'application/3gpp-ims+xml',
    '0',
  ]);
});

it('is named by the log alone', () => {
  const at = { generation: 1, partition: 0, offset: 7 };
  expect(newsName('s', at, 'news', 'a')).toBe(newsName('s', { ...at }, 'news', 'a'));
  const names = [newsName('s', at, 'news', 'a'), newsName('s', at, 'end', 'a'), newsName('s', at, 'news', 'b'), newsName('s', { ...at, offset: 8 }, 'news', 'a')]; // prettier-ignore
  expect(new Set(names).size).toBe(4);
});
