import fc from 'fast-check';
import { parseAppMessage } from './app-message.js';
import { parseCommand } from './command.js';

it.each([
  ['1|authenticate|cymru|a,b', { id: '1', kind: 'authenticate', secret: 'cymru', tags: ['a', 'b'] }],
  ['1|authenticate||', { id: '1', kind: 'authenticate', secret: '', tags: [] }],
  ['1|route|invite', { id: '1', kind: 'route', method: 'INVITE' }],
  ['1|remove_route|invite', { id: '1', kind: 'remove-route', method: 'INVITE' }],
  ['1|ping', { id: '1', kind: 'ping' }],
  ['1|dance', { id: '1', kind: 'unknown' }],
  [
    '1|sip|t1|c1;from-tag=f1\r\nSIP/2.0 200 OK\r\n\r\n',
    {
      id: '1',
      kind: 'sip',
      transactionId: 't1',
      dialogId: 'c1;from-tag=f1',
      nextHop: '',
      text: 'SIP/2.0 200 OK\r\n\r\n',
    },
  ],
  [
    '1|sip|||sip:10.0.0.1;lr\r\nOPTIONS sip:a SIP/2.0\r\n\r\n',
    {
      id: '1',
      kind: 'sip',
      transactionId: '',
      dialogId: '',
      nextHop: 'sip:10.0.0.1;lr',
      text: 'OPTIONS sip:a SIP/2.0\r\n\r\n',
    },
  ],
] as const)('reads %j', (message, command) => expect(parseCommand(message)).toEqual(command));

it('reads how a request is to be proxied', () => {
  const leader = '1|proxy|t1|remainInDialog|fullResponse||serial|500ms|20s|sip:a@b|sip:c@d';
  expect(parseCommand(`${leader}\r\nINVITE sip:a@b SIP/2.0\r\n\r\n`)).toMatchObject({
    transactionId: 't1',
    options: {
      recordsRoute: true,
      tellsResponses: true,
      followsRedirects: false,
      simultaneous: false,
      provisionalMs: 500,
      finalMs: 20_000,
      destinations: ['sip:a@b', 'sip:c@d'],
    },
  });
  expect(parseCommand('1|proxy|t1||||simultaneous|x|')).toMatchObject({
    options: { simultaneous: true, provisionalMs: 0, destinations: [] },
  });
});

it('reads nothing without an id', () => {
  for (const message of ['', '|ping', `${'x'.repeat(65)}|ping`])
    expect(parseCommand(message)).toBeUndefined();
});

it('reads anything without throwing, and of SIP text no line that holds another', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      parseCommand(`1|sip|||\r\n${text}`);
      const message = parseAppMessage(`INVITE sip:a SIP/2.0\r\n${text}`);
      for (const { name, value } of message?.headers ?? [])
        expect(`${name}: ${value}`).not.toMatch(/[\r\n\0]/);
    }),
  );
});

it.each([
  'NO-SIP',
  'INVITE sip:a',
  'INVITE sip:a SIP/2.0\r\nno header',
  'INVITE sip:a SIP/2.0\r\nX: a\nVia: b',
  'INVITE sip:a b SIP/2.0',
  'SIP/2.0 99 Low',
  `INVITE sip:a SIP/2.0\r\n${'X: y\r\n'.repeat(300)}`,
])('takes no SIP message of %j', (text) => expect(parseAppMessage(`${text}\r\n\r\n`)).toBeUndefined());

it('writes compact names out, and takes the body as it is, whatever length is said', () => {
  expect(parseAppMessage('SIP/2.0 200 OK\r\nm: <sip:a>\r\nl: 1\r\n\r\nbody\r\n\r\nmore')).toEqual({
    method: '',
    uri: '',
    status: 200,
    reason: 'OK',
    headers: [
      { name: 'm', key: 'contact', value: '<sip:a>' },
      { name: 'l', key: 'content-length', value: '1' },
    ],
    body: 'body\r\n\r\nmore',
  });
});
