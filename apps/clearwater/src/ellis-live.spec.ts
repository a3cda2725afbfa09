// What docs/ellis.md adds to Clearwater's rows: devices, calls and ladders of one's own numbers, live; operators.
import type { Binding } from '#libs/domain';
import { accountPath, createEllisFixture, type EllisFixture, newNumber, signedUp } from './ellis.fixture.js';

const ALICE = 'alice@example.com';
const BOB = 'bob@example.com';

let api: EllisFixture;
let alice: string;
let bob: string;
let caller: string;
let callee: string;
beforeEach(async () => {
  api = await createEllisFixture();
  [alice, bob] = [await signedUp(api, ALICE), await signedUp(api, BOB)];
  [caller, callee] = [await newNumber(api, ALICE, alice), await newNumber(api, BOB, bob)];
});
afterEach(() => api.close());

const ofAlice = (...rest: string[]): string => accountPath(ALICE, 'numbers', caller, ...rest);
const ofBob = (...rest: string[]): string => accountPath(BOB, 'numbers', callee, ...rest);

const bindingOf = (impu: string, contact: string): Binding => ({
  bindingId: contact, contact, params: '', q: 1, callId: 'c', cseq: 1, expiresAtMs: api.clock.nowMs() + 300_000, grantedS: 300, path: [],
  impi: impu.slice(4), impu, identities: [impu], userAgent: 'Softphone 4.1',
}); // prettier-ignore

const register = async (impu: string, contact: string): Promise<void> => {
  const event = { type: 'BindingAdded', data: bindingOf(impu, contact) } as const;
  const stream = `registration-${impu}`;
  const [position] = await api.log.append(stream, [event]);
  await api.registrations.apply(impu, [{ event, stream, position: position! }]);
};

const CRITERIA = { evaluated: 1, matched: [{ priority: 0, server: 'sip:mmtel.ims.test', trigger: 'Method INVITE', invoked: true }] }; // prettier-ignore

/** A call as the router writes it. */
const call = async (icid: string, { isPrivate = false, answered = true } = {}): Promise<void> => {
  const request = { method: 'INVITE', callId: icid, from: caller, to: callee, requestUri: callee };
  const events = [
    { type: 'OriginatingServed', data: { ...request, served: caller, registered: true, criteria: CRITERIA, next: 'the secret next hop' } },
    ...(isPrivate ? [{ type: 'CallerHidden', data: { method: 'INVITE', privacy: 'id;header;user' } }] : []),
    { type: 'TerminatingServed', data: { ...request, served: callee, registered: true, criteria: CRITERIA, targets: [{ bindingId: 'b', contact: 'sip:x@10.9.8.7:5060' }] } },
    answered
      ? { type: 'CallAnswered', data: { status: 200, contact: 'sip:x@10.9.8.7:5060' } }
      : { type: 'CallFailed', data: { status: 486, cancelled: false } },
  ]; // prettier-ignore
  for (const event of events) await api.log.append(`call-${icid}`, [event]);
};

describe('GET …/devices', () => {
  it('shows what is registered now', async () => {
    await register(caller, 'sip:a@10.0.0.5:40000');
    await register(caller, 'sip:q7@9v3.invalid;transport=ws');
    const { json } = await api.ask('GET', ofAlice('devices'), { as: alice });
    const nowMs = api.clock.nowMs();
    const shown = { user_agent: 'Softphone 4.1', since: nowMs, expires_at: nowMs + 300_000 };
    expect(json['devices']).toEqual([
      { id: 'sip:a@10.0.0.5:40000', contact: 'sip:a@10.0.0.5:40000', transport: 'udp', address: '10.0.0.5:40000', ...shown },
      { id: 'sip:q7@9v3.invalid;transport=ws', contact: 'sip:q7@9v3.invalid;transport=ws', transport: 'ws', address: null, ...shown },
    ]); // prettier-ignore
    api.clock.advance(300_000);
    expect((await api.ask('GET', ofAlice('devices'), { as: alice })).json).toEqual({ devices: [] });
  });
});

describe('GET …/calls', () => {
  it('lists both sides their own, newest first, as they stand', async () => {
    await call('one');
    await call('two', { answered: false });
    const listed = async (path: string, as: string) =>
      ((await api.ask('GET', path, { as })).json['calls'] as Record<string, unknown>[]).map(
        ({ id, direction, other, state, status }) => [id, direction, other, state, status],
      );
    expect(await listed(ofAlice('calls'), alice)).toEqual([
      ['two', 'outgoing', callee, 'failed', 486],
      ['one', 'outgoing', callee, 'answered', 200],
    ]);
    expect(await listed(`${ofBob('calls')}?limit=1`, bob)).toEqual([
      ['two', 'incoming', caller, 'failed', 486],
    ]);
    await api.log.append('call-one', [{ type: 'CallEnded', data: { by: 'callee' } }]);
    expect((await listed(ofBob('calls'), bob))[1]).toEqual(['one', 'incoming', caller, 'ended', 200]);
    expect((await api.ask('GET', `${ofBob('calls')}?limit=0`, { as: bob })).status).toBe(400);
  });

  it('draws a ladder, without what the other side keeps to itself', async () => {
    await call('one');
    const seen = await api.ask('GET', ofAlice('calls', 'one'), { as: alice });
    const { participants, steps } = seen.json as { participants: { id: string }[]; steps: { from: string; to: string; label: string }[] }; // prettier-ignore
    expect(participants.map(({ id }) => id)).toEqual(['caller', 'router-caller', 'router-callee', 'callee']);
    expect(steps.map(({ from, to, label }) => `${from} ${to} ${label}`)).toEqual([
      'caller router-caller INVITE',
      'router-caller router-caller decision',
      'router-caller router-callee INVITE',
      'router-callee router-callee decision',
      'router-callee callee INVITE',
      'callee router-callee 200',
      'router-callee router-caller 200',
      'router-caller caller 200',
    ]);
    expect(seen.text).toContain('the secret next hop');
    expect(seen.text).not.toContain('10.9.8.7');
    const other = await api.ask('GET', ofBob('calls', 'one'), { as: bob });
    expect(other.text).toContain('10.9.8.7');
    expect(other.text).not.toContain('the secret next hop');
  });

  it('never tells who called privately', async () => {
    await call('one', { isPrivate: true });
    for (const at of [ofBob('calls'), ofBob('calls', 'one')]) {
      const { status, text } = await api.ask('GET', at, { as: bob });
      expect([status, text.includes(caller), text.includes(caller.slice(4))]).toEqual([200, false, false]);
    }
    expect((await api.ask('GET', ofAlice('calls', 'one'), { as: alice })).text).toContain(caller);
  });

  it('tells each of a diverted call no more than its own part', async () => {
    const carol = await signedUp(api, 'carol@example.com');
    const third = await newNumber(api, 'carol@example.com', carol);
    const request = { method: 'INVITE', callId: 'c', from: caller, to: callee, requestUri: callee };
    const asked = { registered: true, priority: 0, trigger: 'INVITE', handling: 'continued', sessionCase: 'term-reg' };
    const onwards = { ...request, requestUri: third };
    const events = [
      { type: 'OriginatingServed', data: { ...request, served: caller, registered: true, criteria: CRITERIA, next: 'sip:hop-of-caller' } },
      { type: 'CallerHidden', data: { method: 'INVITE', privacy: 'id' } },
      { type: 'ServerInvoked', data: { ...request, ...asked, role: 'terminating', served: callee, server: 'sip:server-of-callee' } },
      { type: 'ServiceApplied', data: { role: 'terminating', served: callee, service: 'diversion', rule: 'rule-of-callee', why: 'unconditional', target: third } },
      { type: 'OriginatingServed', data: { ...onwards, served: callee, registered: true, criteria: CRITERIA, next: 'sip:hop-of-callee' } },
      { type: 'TerminatingServed', data: { ...onwards, served: third, registered: true, criteria: CRITERIA, targets: [{ bindingId: 'b', contact: 'sip:device@10.9.8.7' }] } },
      { type: 'CallAnswered', data: { status: 200, contact: 'sip:device@10.9.8.7' } },
    ];
    for (const event of events) await api.log.append('call-diverted', [event]);
    const ladders = [
      [alice, ofAlice('calls', 'diverted'), [caller, callee, 'hop-of-caller']],
      [bob, ofBob('calls', 'diverted'), [callee, third, 'server-of-callee', 'rule-of-callee', 'hop-of-callee']],
      [carol, accountPath('carol@example.com', 'numbers', third, 'calls', 'diverted'), [callee, third, '10.9.8.7']],
    ] as const;
    const secrets = [caller, callee, third, 'hop-of-caller', 'server-of-callee', 'rule-of-callee', 'hop-of-callee', '10.9.8.7'];
    for (const [as, path, known] of ladders) {
      const { status, text } = await api.ask('GET', path, { as });
      expect([status, secrets.filter((secret) => text.includes(secret))]).toEqual([200, secrets.filter((secret) => (known as readonly string[]).includes(secret))]);
    }
    const listed = async (path: string, as: string) => (await api.ask('GET', path, { as })).json['calls'] as object[];
    expect(await listed(ofAlice('calls'), alice)).toMatchObject([{ direction: 'outgoing', other: callee }]);
    expect(await listed(ofBob('calls'), bob)).toMatchObject([{ direction: 'incoming', other: null }]);
  }); // prettier-ignore

  it('takes who diverts a call from elsewhere for who was called', async () => {
    const from = 'sip:+4930123@elsewhere.test';
    const request = { method: 'INVITE', callId: 'c', from, to: callee, requestUri: callee, registered: true };
    const events = [
      { type: 'ServerInvoked', data: { ...request, role: 'terminating', served: callee, priority: 0, server: 'sip:s', trigger: 't', handling: 'continued', sessionCase: 'term-reg' } },
      { type: 'OriginatingServed', data: { ...request, requestUri: caller, served: callee, criteria: CRITERIA, next: caller } },
    ];
    for (const event of events) await api.log.append('call-trunk', [event]);
    const { json } = await api.ask('GET', ofBob('calls'), { as: bob });
    expect(json['calls']).toMatchObject([{ direction: 'incoming', other: from }]);
  }); // prettier-ignore

  it('shows who is given a number nothing of what was called when it was another one’s', async () => {
    await call('before');
    await register(callee, 'sip:former@10.0.0.5:40000');
    expect((await api.ask('DELETE', `${ofBob()}/`, { as: bob })).status).toBe(200);
    api.clock.advance(1_000);
    const carol = await signedUp(api, 'carol@example.com');
    const ofCarol = (...rest: string[]): string => accountPath('carol@example.com', 'numbers', callee, ...rest);
    expect((await api.ask('POST', `${ofCarol()}/`, { as: 'key' })).status).toBe(200);
    await call('since');
    const { json } = await api.ask('GET', ofCarol('calls'), { as: carol });
    expect(json['calls']).toMatchObject([{ id: 'since' }]);
    expect((await api.ask('GET', ofCarol('devices'), { as: carol })).json).toEqual({ devices: [] });
    await register(callee, 'sip:carol@10.0.0.6:40000');
    expect((await api.ask('GET', ofCarol('devices'), { as: carol })).json['devices']).toMatchObject([{ id: 'sip:carol@10.0.0.6:40000' }]);
    expect((await api.ask('GET', ofCarol('calls', 'before'), { as: carol })).status).toBe(404);
    expect((await api.ask('GET', ofCarol('calls', 'since'), { as: carol })).status).toBe(200);
    expect((await api.ask('GET', ofAlice('calls', 'before'), { as: alice })).status).toBe(200);
  }); // prettier-ignore

  it('lists calls, whatever messages came since', async () => {
    await call('one');
    for (let i = 0; i < 201; i++) {
      const data = { method: 'MESSAGE', callId: 'm', from: caller, to: callee, requestUri: callee, served: caller, registered: true, criteria: CRITERIA, next: 'n' };
      await api.log.append(`call-message${i}`, [{ type: 'OriginatingServed', data }, { type: 'CallAnswered', data: { status: 200 } }]);
    }
    expect((await api.ask('GET', `${ofAlice('calls')}?limit=1`, { as: alice })).json['calls']).toMatchObject([{ id: 'one' }]);
  }); // prettier-ignore

  it('is 404 for a call of others, and for none', async () => {
    await call('one');
    const carol = await signedUp(api, 'carol@example.com');
    const number = await newNumber(api, 'carol@example.com', carol);
    const at = accountPath('carol@example.com', 'numbers', number, 'calls', 'one');
    expect((await api.ask('GET', at, { as: carol })).status).toBe(404);
    expect((await api.ask('GET', ofAlice('calls', 'two'), { as: alice })).status).toBe(404);
    for (const what of ['devices', 'calls', 'live'])
      expect((await api.ask('GET', ofAlice(what), { as: bob })).status).toBe(403);
  });
});

it('tells devices and calls as they change', async () => {
  const response = await fetch(`${api.node.http.url}${ofAlice('live')}`, { headers: { cookie: alice } });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']); // prettier-ignore
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  /** What is told together waits on the clock. */
  const next = async () => {
    let isThere = false;
    const read = reader.read().finally(() => (isThere = true));
    while (!isThere) {
      api.clock.advance(100);
      await new Promise(setImmediate);
    }
    return read;
  };
  const until = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) {
      const { value, done } = await next();
      if (done) throw new Error(`ended after ${text}`);
      text += value;
    }
  };
  await until('event: devices\ndata: {"devices":[]}');
  await register(caller, 'sip:a@10.0.0.5:40000');
  await until('sip:a@10.0.0.5:40000');
  await call('one');
  await until('event: call\ndata: {"id":"one"');
  // Ended at the next beat after the session.
  await api.ask('DELETE', '/session/', { as: alice });
  for (;;) if ((await next()).done) break;
});

it('says in its OpenAPI document which bodies are XML', () => {
  type Operation = Readonly<{ requestBody?: Readonly<{ content: object }> }>;
  const { paths } = api.node.http.openApi() as { paths: Record<string, Record<string, Operation>> };
  const ofXml = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { requestBody }]) => 'application/xml' in (requestBody?.content ?? {}))
      .map(([method]) => `${method} ${path.split('}/').at(-1)}`),
  );
  expect(ofXml.toSorted()).toEqual(['post ifcs/preview', 'put ifcs', 'put ifcs', 'put simservs']);
});

describe('operators', () => {
  it('are made with the key, and reach what nobody else does', async () => {
    const paths = ['/operator/subscribers', '/operator/figures', `/operator/subscribers/${encodeURIComponent(caller)}`, '/operator/live']; // prettier-ignore
    for (const at of paths) {
      expect([at, (await api.ask('GET', at)).status]).toEqual([at, 403]);
      expect([at, (await api.ask('GET', at, { as: alice })).status]).toEqual([at, 403]);
    }
    const role = `/operator/operators/${encodeURIComponent(ALICE)}`;
    expect((await api.ask('PUT', role, { as: alice })).status).toBe(403);
    expect((await api.ask('PUT', '/operator/operators/z%40example.com', { as: 'key' })).status).toBe(404);
    expect((await api.ask('PUT', role, { as: 'key' })).status).toBe(204);
    expect((await api.ask('GET', '/session/', { as: alice })).json['role']).toBe('operator');
    expect((await api.ask('GET', '/operator/figures', { as: alice })).json).toMatchObject({ calls_per_second: 0, views: null }); // prettier-ignore
    // Not the accounts of others: those are theirs.
    expect((await api.ask('GET', accountPath(BOB), { as: alice })).status).toBe(403);
    expect((await api.ask('DELETE', role, { as: alice })).status).toBe(409);
    await api.ask('PUT', `/operator/operators/${encodeURIComponent(BOB)}`, { as: alice });
    expect((await api.ask('DELETE', role, { as: bob })).status).toBe(204);
    expect((await api.ask('GET', '/operator/figures', { as: alice })).status).toBe(403);
  });

  it('find subscribers page by page, and see one as it is', async () => {
    const found = async (query: string) => (await api.ask('GET', `/operator/subscribers?${query}`, { as: 'key' })).json; // prettier-ignore
    const first = (await found('search=SIP:650&limit=1')) as {
      subscribers: { sip_uri: string }[];
      next: string;
    };
    const second = (await found(
      `search=650&limit=1&after=${encodeURIComponent(first.next)}`,
    )) as typeof first;
    const uris = [...first.subscribers, ...second.subscribers].map(({ sip_uri }) => sip_uri);
    expect(uris).toEqual([caller, callee].toSorted());
    expect((await found('search=nobody'))['subscribers']).toEqual([]);
    await register(caller, 'sip:a@10.0.0.5:40000');
    const one = await api.ask('GET', `/operator/subscribers/${encodeURIComponent(caller)}`, { as: 'key' });
    expect(one.json).toMatchObject({
      sip_uri: caller,
      default_id: caller,
      private_ids: [caller.slice(4)],
      account: ALICE,
      simservs: true,
      devices: [{ contact: 'sip:a@10.0.0.5:40000' }],
    });
    expect((await api.ask('GET', '/operator/subscribers/sip%3Az%40ims.test', { as: 'key' })).status).toBe(
      404,
    );
  });

  it('see which of the last calls criteria would have caught, before they are in force', async () => {
    await call('one');
    const at = `/operator/subscribers/${encodeURIComponent(caller)}/ifcs`;
    const criteria = (trigger: string) =>
      `<ServiceProfile><InitialFilterCriteria><Priority>3</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>` +
      `<SPT><ConditionNegated>0</ConditionNegated><Group>0</Group>${trigger}</SPT></TriggerPoint>` +
      `<ApplicationServer><ServerName>sip:new.ims.test</ServerName></ApplicationServer></InitialFilterCriteria></ServiceProfile>`;
    const headers = { 'content-type': 'application/xml' };
    const preview = (body: string) => api.ask('POST', `${at}/preview`, { as: 'key', body, headers });
    const caught = await preview(criteria('<Method>INVITE</Method>'));
    expect(caught.json).toMatchObject({
      examined: 1,
      calls: [{ id: 'one', session_case: 'orig-reg', caught: [{ priority: 3, server: 'sip:new.ims.test' }], unsure: [] }],
    });
    expect((await preview(criteria('<SessionCase>1</SessionCase>'))).json).toEqual({ examined: 1, calls: [] });
    expect((await preview('<x/>')).status).toBe(400);
    const before = (await api.ask('GET', at, { as: 'key' })).text;
    expect(before).toContain('mmtel');
    expect((await api.ask('PUT', at, { as: 'key', body: criteria('<Method>MESSAGE</Method>'), headers })).status).toBe(200);
    expect((await api.ask('GET', at, { as: 'key' })).text).toContain('sip:new.ims.test');
    expect((await api.ask('GET', '/operator/calls/one', { as: 'key' })).text).toContain('10.9.8.7');
  }); // prettier-ignore
});
