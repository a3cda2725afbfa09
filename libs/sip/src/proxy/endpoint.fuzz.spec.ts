// Broken input is ordinary: whatever comes, the engine neither throws nor keeps anything.
import fc from 'fast-check';
import { createEndpoint } from './endpoint.js';
import type { SipEndpoint } from './endpoint.options.js';
import { Edits } from '../message/edits.js';
import { requestText, responseText, ScriptedNetwork } from '../testing/scripted-network.js';

/** Pieces that parsers trip over. */
const PIECE = fc.oneof(
  fc.constantFrom(
    '\r\n',
    '\r',
    '\n',
    '\0',
    ' ',
    ',',
    ';',
    '"',
    '<',
    '>',
    ':',
    '[',
    ']',
    '=',
    '\\',
    'z9hG4bK',
    ';tag=',
    'Via: ',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const change = fc.record({ at: fc.nat(1_000), cut: fc.nat(12), put: PIECE });

it('survives any damage to requests and responses', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('INVITE', 'MESSAGE', 'ACK', 'CANCEL', 'REGISTER', 'FOO'),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.array(change, { maxLength: 3 }),
      fc.constantFrom(100, 180, 200, 302, 401, 486, 503, 603),
      (method, requestChanges, responseChanges, status) => {
        const net = new ScriptedNetwork();
        const phone = net.peer('udp', 5070);
        const core = net.peer('tcp', 5054);
        const defects: unknown[] = [];
        const endpoint: SipEndpoint = createEndpoint({
          name: 'core',
          random: net.random,
          timers: net.timers,
          transports: net,
          resolver: net,
          onDefect: (error) => void defects.push(error),
          user: {
            request: (tx) =>
              void endpoint.proxy(tx, {}).fork(new Edits(tx.request), { kind: 'flow', flow: core }, 0),
            ack: (ack) => endpoint.sendStateless(new Edits(ack), { kind: 'flow', flow: core }),
          },
        });
        net.receiver = endpoint;
        const damaged = (text: string, changes: typeof requestChanges): string =>
          changes.reduce((whole, { at, cut, put }) => {
            const from = at % whole.length;
            return whole.slice(0, from) + put + whole.slice(from + cut);
          }, text);
        const whole = requestText(method, { headers: ['Max-Forwards: 70', 'Route: <sip:a;lr>'], body: 'x' });
        net.receive(phone, damaged(whole, requestChanges));
        net.receive(phone, whole);
        for (const sent of core.sent.slice())
          net.receive(core, damaged(responseText(sent, status), responseChanges));
        net.receive(phone, damaged(requestText('CANCEL'), responseChanges));
        net.drain(2_000_000);
        expect(defects).toEqual([]);
        expect(endpoint.transactionCount).toBe(0);
        expect(net.timers.size).toBe(0);
      },
    ),
    { numRuns: Number(process.env['FC_RUNS'] ?? 400) },
  );
});
