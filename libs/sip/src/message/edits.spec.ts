import fc from 'fast-check';
import { Edits } from './edits.js';
import { splitValues, values } from '../fields/fields.js';
import { H, HEADER_NAMES, type HeaderId } from './header-table.js';
import type { SipMessage } from './message.js';
import { parseMessage } from './parse-message.js';

const parse = (raw: string): SipMessage => {
  const result = parseMessage(raw);
  if (!result.ok) throw new Error(`${result.reason} at ${result.at} of ${raw}`);
  return result.message;
};

const MUST = [
  'Via: SIP/2.0/UDP h;rport;branch=z9hG4bK1',
  'From: <sip:a@x>;tag=1',
  'To: <sip:b@x>',
  'Call-ID: c',
  'CSeq: 1 INVITE',
];
const request = (lines: readonly string[], body = ''): SipMessage =>
  parse(['INVITE sip:b@x SIP/2.0', ...MUST, ...lines, '', body].join('\r\n'));
const edit = (message: SipMessage, change: (edits: Edits) => void): string => {
  const edits = new Edits(message);
  change(edits);
  return edits.render();
};
/** Header lines of a rendered message that the five of every request do not make up. */
const rest = (raw: string): string[] =>
  raw.slice(0, raw.indexOf('\r\n\r\n')).split('\r\n').slice(1).filter((line) => !MUST.includes(line)); // prettier-ignore

describe('places', () => {
  const message = request(['X: 1', 'Route: <r1>, <r2>', 'Y: 2', 'route: <r3>', 'l: 0', 'Z: 3']);

  it('copies what is not touched byte for byte', () =>
    expect(edit(message, () => undefined)).toBe(message.raw));

  it('prepends before the first, the last call on top; appends after the last', () =>
    expect(
      rest(
        edit(message, (edits) => {
          edits.append(H.Route, '<z1>');
          edits.prepend(H.Route, '<a2>');
          edits.prepend(H.Route, '<a1>');
          edits.append(H.Route, '<z2>');
        }),
      ),
    ).toEqual([
      'X: 1', 'Route: <a1>', 'Route: <a2>', 'Route: <r1>, <r2>', 'Y: 2', 'route: <r3>', 'Route: <z1>', 'Route: <z2>', 'l: 0', 'Z: 3',
    ])); // prettier-ignore

  it('puts what was absent before Content-Length, in the order of the first touch', () =>
    expect(
      rest(
        edit(message, (edits) => {
          edits.append(H.PAssertedIdentity, '<sip:a@x>');
          edits.prepend(H.RecordRoute, '<rr2>');
          edits.prepend(H.RecordRoute, '<rr1>');
          edits.addNamed('X-New', '1');
        }),
      ).slice(4, 8),
    ).toEqual(['P-Asserted-Identity: <sip:a@x>', 'Record-Route: <rr1>', 'Record-Route: <rr2>', 'X-New: 1']));

  it('replaces at the place of the first line', () =>
    expect(rest(edit(message, (edits) => edits.replace(H.Route, '<n>')))).toEqual([
      'X: 1', 'Route: <n>', 'Y: 2', 'l: 0', 'Z: 3',
    ])); // prettier-ignore

  it('removes by id and by name, compact forms and unknown names too', () => {
    const named = request(['m: <sip:c>', 'X-a: 1', 'x-A: 2', 'X-ab: 3']);
    const raw = edit(named, (edits) => {
      edits.removeNamed('contact');
      edits.removeNamed('X-A');
    });
    expect(rest(raw)).toEqual(['X-ab: 3', 'Content-Length: 0']);
  });

  it('replaces an unknown header by removing and adding', () =>
    expect(
      rest(
        edit(request(['X-a: 1', 'Y: 2', 'x-a: 3']), (edits) => {
          edits.removeNamed('x-A');
          edits.addNamed('X-A', 'new');
        }),
      ),
    ).toEqual(['Y: 2', 'X-A: new', 'Content-Length: 0']));
});

describe('popValue and topValue', () => {
  const message = request(['Route: <r1;x="a,b">, <r2>,', ' <r3>', 'X: 1', 'route:', 'Route: ,<r4>']);

  it('goes through comma-joined, folded and separate lines alike', () => {
    const edits = new Edits(message);
    const seen: string[] = [];
    for (let top = edits.topValue(H.Route); top !== undefined; top = edits.topValue(H.Route)) {
      seen.push(top);
      edits.popValue(H.Route);
    }
    expect(seen).toEqual(['<r1;x="a,b">', '<r2>', '<r3>', '<r4>']);
    expect(rest(edits.render())).toEqual(['X: 1', 'Content-Length: 0']);
  });

  it('takes the value only, and keeps the rest of its line as it was', () => {
    expect(rest(edit(message, (edits) => edits.popValue(H.Route)))[0]).toBe('Route: <r2>,');
    expect(rest(edit(request(['Route: <r1>', 'Route: <r2>']), (edits) => edits.popValue(H.Route)))).toEqual([
      'Route: <r2>', 'Content-Length: 0',
    ]); // prettier-ignore
  });

  it('does nothing when there is nothing, and looking changes nothing', () => {
    expect(edit(message, (edits) => edits.popValue(H.Path))).toContain('Route: <r1;');
    expect(edit(message, (edits) => void edits.topValue(H.Route))).toContain(
      'Route: <r1;x="a,b">, <r2>,\r\n <r3>',
    );
    const blank = request(['Route:', 'Route: ,<r>', 'l: 0']);
    expect(edit(blank, (edits) => void edits.topValue(H.Route))).toBe(blank.raw);
  });

  it('pops what was put on top first', () => {
    const edits = new Edits(message);
    edits.prepend(H.Route, '<p1>, <p2>');
    edits.popValue(H.Route);
    expect(edits.topValue(H.Route)).toBe('<p2>');
    edits.popValue(H.Route);
    expect(edits.topValue(H.Route)).toBe('<r1;x="a,b">');
  });
});

describe('popLast', () => {
  it('takes from what was appended, what came and what was put on top, in this order', () => {
    const edits = new Edits(request(['X: 1', 'Route: <r1;x="a,b">, <r2>', 'Y: 2', 'Route: ,<r3>,', 'l: 0']));
    edits.prepend(H.Route, '<p1>, <p2>');
    edits.append(H.Route, '<z>');
    expect([edits.popLast(H.Route), edits.popLast(H.Route)]).toEqual(['<z>', '<r3>']);
    expect(rest(edits.render())).toEqual([
      'X: 1', 'Route: <p1>', 'Route: <p2>', 'Route: <r1;x="a,b">', 'Route: <r2>', 'Y: 2', 'l: 0',
    ]); // prettier-ignore
    const seen: (string | undefined)[] = [];
    for (let n = 0; n < 5; n++) seen.push(edits.popLast(H.Route));
    expect(seen).toEqual(['<r2>', '<r1;x="a,b">', '<p2>', '<p1>', undefined]);
    expect(rest(edits.render())).toEqual(['X: 1', 'Y: 2', 'l: 0']);
  });
});

describe('Via', () => {
  const via = (edits: Edits): string[] => values(parse(edits.render()), H.Via);

  it('sets received and fills rport on the topmost that came, before or after ours is added', () => {
    const message = request(['v: SIP/2.0/TCP other;branch=2']);
    const before = new Edits(message);
    before.viaReceived('192.0.2.1', 5070);
    before.prepend(H.Via, 'SIP/2.0/UDP us;branch=0');
    const after = new Edits(message);
    after.prepend(H.Via, 'SIP/2.0/UDP us;branch=0');
    after.viaReceived('192.0.2.1', 5070);
    expect(via(before)).toEqual([
      'SIP/2.0/UDP us;branch=0', 'SIP/2.0/UDP h;rport=5070;branch=z9hG4bK1;received=192.0.2.1', 'SIP/2.0/TCP other;branch=2',
    ]); // prettier-ignore
    expect(via(after)).toEqual(via(before));
  });

  it('leaves other values of a comma-joined line alone', () => {
    const message = parse(
      ['INVITE sip:b@x SIP/2.0', 'Via: SIP/2.0/UDP a;RPORT=1;branch=1;received=6.6.6.6 , SIP/2.0/UDP b;rport;branch=2', ...MUST.slice(1), '', ''].join('\r\n'),
    ); // prettier-ignore
    const edits = new Edits(message);
    edits.viaReceived('192.0.2.1', 5070);
    expect(via(edits)).toEqual([
      'SIP/2.0/UDP a;rport=5070;branch=1;received=192.0.2.1', 'SIP/2.0/UDP b;rport;branch=2',
    ]); // prettier-ignore
  });

  it('adds a Via for one rendering only', () => {
    const edits = new Edits(request(['l: 0']));
    expect(values(parse(edits.renderWithVia('SIP/2.0/UDP us;branch=1')), H.Via)).toHaveLength(2);
    expect(values(parse(edits.renderWithVia('SIP/2.0/UDP us;branch=2')), H.Via)[0]).toBe(
      'SIP/2.0/UDP us;branch=2',
    );
    expect(via(edits)).toHaveLength(1);
  });

  it('has no effect on a Via that was popped', () => {
    const edits = new Edits(request(['Via: SIP/2.0/UDP next;rport;branch=2']));
    edits.popValue(H.Via);
    edits.viaReceived('192.0.2.1', 1);
    expect(via(edits)).toEqual(['SIP/2.0/UDP next;rport;branch=2']);
  });
});

describe('start line and body', () => {
  const message = request(['Content-Type: text/plain', 'Content-Encoding: gzip', 'l: 3', 'X: 1'], 'abc');

  it('writes another Request-URI or status line', () => {
    expect(edit(message, (edits) => edits.requestUri('sip:other@y'))).toBe(
      message.raw.replace('INVITE sip:b@x', 'INVITE sip:other@y'),
    );
    const response = parse(['SIP/2.0 503 Away', ...MUST, 'l: 0', '', ''].join('\r\n'));
    expect(edit(response, (edits) => edits.statusLine(500, 'Oops'))).toBe(
      response.raw.replace('503 Away', '500 Oops'),
    );
  });

  it('puts another body in, with its length and type', () => {
    const raw = edit(message, (edits) => edits.body('application/sdp', 'v=0\r\n'));
    expect(rest(raw)).toEqual(['Content-Type: application/sdp', 'Content-Length: 5', 'X: 1']);
    expect(parse(raw).body).toBe('v=0\r\n');
    expect(rest(edit(message, (edits) => edits.body(undefined, '')))).toEqual(['Content-Length: 0', 'X: 1']);
  });

  it('adds Content-Length when it was absent, and lets nobody else write it', () => {
    const bare = request([], 'abcd');
    expect(rest(edit(bare, (edits) => edits.append(H.ContentLength, '99')))).toEqual(['Content-Length: 4']);
    expect(rest(edit(message, (edits) => edits.remove(H.ContentLength)))).toContain('l: 3');
  });
});

it('makes copies that go their own way', () => {
  const edits = new Edits(request(['Route: <r1>', 'l: 0']));
  edits.prepend(H.Route, '<r0>');
  edits.requestUri('sip:one@x');
  edits.append(H.Route, '<z>');
  const copy = edits.copy();
  copy.append(H.Route, '<cz>');
  copy.prepend(H.Route, '<c>');
  copy.popValue(H.Route);
  copy.popValue(H.Route);
  copy.requestUri('sip:two@x');
  expect(values(parse(edits.render()), H.Route)).toEqual(['<r0>', '<r1>', '<z>']);
  expect(values(parse(copy.render()), H.Route)).toEqual(['<r1>', '<z>', '<cz>']);
  expect(parse(edits.render()).requestUri).toBe('sip:one@x');
});

describe('property: any edits in any order', () => {
  const IDS = [H.Via, H.Route, H.RecordRoute, H.Contact, H.Path, H.PAssertedIdentity, H.Supported] as const;
  const value = fc.constantFrom('<sip:a@x;lr>', '"x, \\"y" <sip:b,c@x>;p="q,r"', 'sip:d@x;e', '<sip:f?g=1>;lr', 'SIP/2.0/UDP h;branch=1'); // prettier-ignore
  const joined = fc.array(value, { minLength: 1, maxLength: 3 }).map((list) => list.join(' ,\r\n '));
  const line = fc.record({ id: fc.constantFrom(...IDS), text: joined, upper: fc.boolean() });
  const kinds = fc.constantFrom(
    'prepend',
    'append',
    'replace',
    'remove',
    'pop',
    'pop',
    'popLast',
    'addNamed',
    'removeNamed',
  );
  const step = fc.record({ kind: kinds, id: fc.constantFrom(...IDS), text: joined });

  type Step = { kind: string; id: HeaderId; text: string };
  const change = (edits: Edits, { kind, id, text }: Step): void => {
    if (kind === 'prepend') edits.prepend(id, text);
    else if (kind === 'append') edits.append(id, text);
    else if (kind === 'replace') edits.replace(id, text);
    else if (kind === 'remove') edits.remove(id);
    else if (kind === 'pop') edits.popValue(id);
    else if (kind === 'popLast') edits.popLast(id);
    else if (kind === 'addNamed') edits.addNamed(HEADER_NAMES[id]!.toLowerCase(), text);
    else edits.removeNamed(HEADER_NAMES[id]!.toUpperCase());
  };
  const changeList = (list: string[], { kind, text }: Step): string[] => {
    if (kind === 'prepend') return [...splitValues(text), ...list];
    if (kind === 'append' || kind === 'addNamed') return [...list, ...splitValues(text)];
    if (kind === 'replace') return splitValues(text);
    if (kind === 'popLast') return list.slice(0, -1);
    return kind === 'pop' ? list.slice(1) : [];
  };

  it('the rendered message parses to what was meant', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        fc.array(step, { maxLength: 12 }),
        fc.string(),
        fc.boolean(),
        fc.option(fc.constantFrom('', 'new body'), { nil: undefined }),
        (lines, steps, body, isMoved, newBody) => {
          const written = lines.flatMap(({ id, text, upper }, index) => [
            `${upper ? HEADER_NAMES[id].toUpperCase() : HEADER_NAMES[id]}: ${text}`,
            `X-${index}: kept`,
          ]);
          const latin = Buffer.from(body, 'utf8').toString('latin1');
          const message = request(written, latin);
          const model = new Map<HeaderId, string[]>(IDS.map((id) => [id, values(message, id)]));
          const edits = new Edits(message);
          if (isMoved) edits.requestUri('sip:another@y');
          if (newBody !== undefined) edits.body('a/b', newBody);
          for (const one of steps) {
            change(edits, one);
            model.set(one.id, changeList(model.get(one.id)!, one));
            expect(edits.topValue(one.id)).toBe(model.get(one.id)![0]);
          }
          // A request without Via is none: the parser would refuse it.
          if (model.get(H.Via)!.length === 0) edits.prepend(H.Via, 'SIP/2.0/UDP h;branch=1');
          const after = parse(edits.render());
          for (const id of IDS)
            if (id !== H.Via || model.get(id)!.length > 0) expect(values(after, id)).toEqual(model.get(id));
          expect(after.body).toBe(newBody ?? latin);
          expect(after.header(H.ContentLength)).toBe(String((newBody ?? latin).length));
          expect(rest(after.raw).filter((text) => text.startsWith('X-'))).toEqual(
            lines.map((_line, n) => `X-${n}: kept`),
          );
          // Rendering changes nothing.
          expect(edits.render()).toBe(after.raw);
          const ready = edits.readyMade();
          expect(typeof ready === 'string' ? parse(ready) : ready).toEqual(after);
          if (steps.every(({ text }) => text.trim() === text)) expect(typeof ready).toBe('object');
        },
      ),
      { numRuns: 500 },
    );
  });
});
