// RFC 3261 §10.3 and the rules of docs/architecture.md §2 as given/when/then.
import fc from 'fast-check';
import { CommandRejected, type Position } from '#libs/decider';
import {
  BINDINGS_MAX,
  type ContactRequest,
  decideRegistration,
  evolveRegistration,
  isOutdated,
  liveBindings,
  NO_REGISTRATION,
  pruneRegistration,
  type RegisterContacts,
  TOMBSTONES_MAX,
  type Registration,
  type RegistrationCommand,
} from './index.js';

const at = (offset: number): Position => ({ generation: 1, partition: 0, offset });

const contact = (over: Partial<ContactRequest> = {}): ContactRequest => ({
  bindingId: 'phone',
  contact: 'sip:alice@10.0.0.1',
  params: '',
  q: 1,
  expiresS: 300,
  ...over,
});

const register = (
  over: Partial<RegisterContacts['data']> = {},
  contacts: readonly ContactRequest[] = [contact()],
): RegisterContacts => ({
  type: 'RegisterContacts',
  data: {
    contacts,
    callId: 'call-1',
    cseq: 1,
    nowMs: 0,
    minExpiresS: 60,
    maxExpiresS: 300,
    shared: { path: [], impi: 'alice', impu: 'sip:alice@ims.test', identities: ['sip:alice@ims.test'] },
    ...over,
  },
});

/** The row after the commands, each applied at the next position. */
const given = (...commands: readonly RegistrationCommand[]): Registration => {
  let offset = 0;
  return commands.reduce<Registration>(
    (row, command) =>
      decideRegistration(row, command).reduce<Registration>(
        (state, event) =>
          evolveRegistration(state, { event, stream: 'registration-x', position: at(offset++) }),
        row,
      ),
    NO_REGISTRATION,
  );
};

const refusal = (row: Registration, command: RegistrationCommand): string => {
  try {
    decideRegistration(row, command);
  } catch (error) {
    if (error instanceof CommandRejected) return String(error.reason);
  }
  return 'not refused';
};

describe('since when a device is registered, of which its temporary GRUUs are (RFC 5627 §3.2, §5.1, §5.3)', () => {
  const shared = { ...register().data.shared, gruu: true };
  const device = (over: Partial<ContactRequest> = {}): ContactRequest =>
    contact({ bindingId: '<1>:1', instance: '<1>', ...over });
  const phone = (nowMs: number, over: Partial<RegisterContacts['data']> = {}, ...contacts: readonly ContactRequest[]) =>
    register({ nowMs, shared, ...over }, contacts.length === 0 ? [device()] : contacts); // prettier-ignore
  const sinceMs = (...commands: readonly RegistrationCommand[]): readonly (number | undefined)[] =>
    liveBindings(given(...commands), 0).map((binding) => binding.sinceMs);
  const other = device({ bindingId: '<1>:2', regId: 2 });

  it('begins with the first REGISTER, and a refresh goes on with it, whatever that one says of GRUUs', () => {
    expect(sinceMs(phone(5))).toEqual([5]);
    expect(sinceMs(phone(5), phone(9, { cseq: 2 }))).toEqual([5]);
    expect(sinceMs(phone(5), phone(9, { cseq: 2, shared: register().data.shared }))).toEqual([5]);
  });

  it('begins anew when it has ended, though the Call-ID is the same', () => {
    const away = phone(6, { cseq: 2 }, device({ expiresS: 0 }));
    expect(sinceMs(phone(5), away, phone(9, { cseq: 3 }))).toEqual([9]);
    expect(sinceMs(phone(5), phone(300_005, { cseq: 3 }))).toEqual([300_005]);
  });

  it('begins anew with another Call-ID, and later than before whatever the clock says', () => {
    expect(sinceMs(phone(5), phone(9, { callId: 'call-2' }))).toEqual([9]);
    expect(sinceMs(phone(5), phone(3, { callId: 'call-2' }))).toEqual([6]);
  });

  it('is one of all flows of the device: until the last has gone, or one comes with another Call-ID', () => {
    const second = phone(9, { callId: 'call-2' }, other);
    expect(sinceMs(phone(5), second)).toEqual([5, 5]);
    const away = phone(10, { cseq: 2 }, device({ expiresS: 0 }));
    expect(sinceMs(phone(5), second, away, phone(11, { cseq: 3 }))).toEqual([5, 5]);
    const anew = phone(12, { callId: 'call-3' }, other);
    expect(sinceMs(phone(5), second, anew, phone(13, { cseq: 2 }))).toEqual([12, 12]);
  });

  it('is none of a device without a name, a client that knows none, another device, or an emergency', () => {
    expect(sinceMs(phone(5, {}, contact()))).toEqual([undefined]);
    expect(sinceMs(register({}, [device()]))).toEqual([undefined]);
    expect(sinceMs(phone(5), phone(9, {}, device({ bindingId: '<2>', instance: '<2>' })))).toEqual([5, 9]);
    expect(sinceMs(phone(5, {}, device({ emergency: true })))).toEqual([undefined]);
  });
});

describe('a REGISTER', () => {
  it('binds for the time asked, capped at the maximum', () =>
    expect(decideRegistration(NO_REGISTRATION, register({}, [contact({ expiresS: 3600 })]))).toMatchObject([
      { type: 'BindingAdded', data: { grantedS: 300, expiresAtMs: 300_000 } },
    ]));

  it('is refused when it asks for less than the minimum, with nothing bound of it', () =>
    expect(
      refusal(NO_REGISTRATION, register({}, [contact({ bindingId: 'a' }), contact({ expiresS: 59 })])),
    ).toBe('IntervalTooBrief'));

  it('refreshes with a higher CSeq', () =>
    expect(decideRegistration(given(register()), register({ cseq: 2, nowMs: 1000 }))).toMatchObject([
      { type: 'BindingRefreshed', data: { cseq: 2, expiresAtMs: 301_000 } },
    ]));

  it('changes nothing when it is the same request again (a retry through another Sprout)', () =>
    expect(decideRegistration(given(register()), register({ nowMs: 500 }))).toEqual([]));

  it.each([
    ['a lower CSeq', register({ cseq: 2 }), register({ cseq: 1 })],
    ['the same CSeq with another expiry', register(), register({}, [contact({ expiresS: 120 })])],
    ['the same CSeq with another contact', register(), register({}, [contact({ contact: 'sip:x@y' })])],
  ])('of one Call-ID is refused with %s', (_name, first, second) =>
    expect(refusal(given(first), second)).toBe('StaleCSeq'),
  );

  it('of another Call-ID (a restarted phone) counts, whatever its CSeq', () =>
    expect(decideRegistration(given(register({ cseq: 9 })), register({ callId: 'call-2' }))).toHaveLength(1));

  it('removes with expires 0, and an older bind of that Call-ID cannot undo it', () => {
    const row = given(register(), register({ cseq: 3 }, [contact({ expiresS: 0 })]));
    expect(liveBindings(row, 0)).toEqual([]);
    expect(refusal(row, register({ cseq: 2 }))).toBe('StaleCSeq');
    expect(decideRegistration(row, register({ cseq: 3 }, [contact({ expiresS: 0 })]))).toEqual([]);
  });

  it('removes also what is not seen: an append that is unknown may come out later, and then stays removed', () => {
    const remove = register({ cseq: 2 }, [contact({ expiresS: 0 })]);
    const [removed] = decideRegistration(NO_REGISTRATION, remove);
    const [added] = decideRegistration(NO_REGISTRATION, register());
    const row = [
      { event: removed!, stream: 'registration-x', position: at(1) },
      { event: added!, stream: 'registration-x', position: at(0) },
    ].reduce<Registration>(evolveRegistration, NO_REGISTRATION);
    expect(liveBindings(row, 0)).toEqual([]);
    expect(decideRegistration(row, remove)).toEqual([]);
  });

  it('may clear away as much as it likes, and is never refused its own removal for it', () => {
    const away = (from: number, cseq: number): RegisterContacts =>
      register(
        { cseq },
        Array.from({ length: 20 }, (_, n) => contact({ bindingId: `old${from + n}`, expiresS: 0 })),
      );
    const row = given(register(), away(0, 2), away(20, 3));
    expect(Object.keys(row.entries)).toHaveLength(41);
    expect(decideRegistration(row, away(40, 4))).toEqual([]);
    expect(decideRegistration(row, away(0, 4))).toHaveLength(20); // the same tombstones, newer
    expect(decideRegistration(row, register({ cseq: 5 }, [contact({ expiresS: 0 })]))).toHaveLength(1);
  });

  it('is not barred by flows that were found dead, however many', () => {
    let row = NO_REGISTRATION;
    for (let n = 0; n <= TOMBSTONES_MAX; n++) {
      const bindingId = `flow${n}`;
      const failed = { type: 'RemoveFailedFlow', data: { bindingId, upTo: at(2 * n) } } as const;
      for (const command of [register({ callId: `c${n}` }, [contact({ bindingId })]), failed])
        for (const event of decideRegistration(row, command))
          row = evolveRegistration(row, { event, stream: 'registration-x', position: at(2 * n) });
    }
    expect(Object.keys(row.entries)).toHaveLength(TOMBSTONES_MAX + 1);
    expect(decideRegistration(row, register({}, [contact({ bindingId: 'new' })]))).toHaveLength(1);
  });

  it('that comes with ever new bindings is refused a new one, not the removal of what it has', () => {
    const cycles = Array.from({ length: TOMBSTONES_MAX }, (_, n) => [
      register({ cseq: 2 * n + 2 }, [contact({ bindingId: `new${n}` })]),
      register({ cseq: 2 * n + 3 }, [contact({ bindingId: `new${n}`, expiresS: 0 })]),
    ]).flat();
    const row = given(register(), ...cycles);
    expect(refusal(row, register({ cseq: 999 }, [contact({ bindingId: 'another' })]))).toBe(
      'TooManyRemovals',
    );
    expect(decideRegistration(row, register({ cseq: 999 }))).toMatchObject([{ type: 'BindingRefreshed' }]);
    expect(decideRegistration(row, register({ cseq: 999 }, [contact({ expiresS: 0 })]))).toHaveLength(1);
  });

  it('is remembered for as long as a refresh that was not seen may have granted', () => {
    const [removed] = decideRegistration(
      given(register()),
      register({ cseq: 3, nowMs: 291_000 }, [contact({ expiresS: 0 })]),
    );
    expect(removed).toMatchObject({ data: { grantedUntilMs: 591_000 } });
  });

  it('gains no room for bindings by removing what is not there', () => {
    const many = Array.from({ length: BINDINGS_MAX }, (_, n) => contact({ bindingId: `b${n}` }));
    const both = [contact({ bindingId: 'new' }), contact({ bindingId: 'none', expiresS: 0 })];
    expect(refusal(given(register({}, many)), register({ cseq: 2 }, both))).toBe('TooManyBindings');
  });

  it('beyond the bound of bindings is refused and evicts nothing', () => {
    const many = Array.from({ length: BINDINGS_MAX }, (_, n) => contact({ bindingId: `b${n}` }));
    const full = given(register({}, many));
    expect(refusal(full, register({ cseq: 2 }))).toBe('TooManyBindings');
    expect(liveBindings(full, 0)).toHaveLength(BINDINGS_MAX);
  });
});

describe('Contact: *', () => {
  const removeAll = (cseq: number): RegistrationCommand => ({
    type: 'RemoveAllBindings',
    data: { cause: 'client', nowMs: 0, maxExpiresS: 300, callId: 'call-1', cseq },
  });

  it('is one event that leaves a watermark', () => {
    const row = given(
      register(),
      register({ callId: 'call-2' }, [contact({ bindingId: 'tablet' })]),
      removeAll(2),
    );
    expect(liveBindings(row, 0)).toEqual([]);
    expect(row.watermark).toMatchObject({ callId: 'call-1', cseq: 2 });
  });

  it('is refused with a stale CSeq, and does nothing twice', () => {
    expect(refusal(given(register({ cseq: 5 })), removeAll(4))).toBe('StaleCSeq');
    expect(decideRegistration(given(register(), removeAll(2)), removeAll(2))).toEqual([]);
  });

  it('leaves what is registered for emergencies, and what lapsed of that does not come back', () => {
    const emergency = contact({ bindingId: 'sosphone', emergency: true });
    const both = register({}, [contact(), emergency]);
    const at0 = given(both, removeAll(2));
    expect(liveBindings(at0, 0).map(({ bindingId }) => bindingId)).toEqual(['sosphone']);
    expect(decideRegistration(at0, removeAll(2))).toEqual([]);
    const late = {
      type: 'RemoveAllBindings',
      data: { cause: 'client', nowMs: 300_000, maxExpiresS: 300 },
    } as const;
    expect(decideRegistration(given(both), late)).toMatchObject([{ type: 'AllBindingsRemoved' }]);
    const byOperator = { ...late, data: { ...late.data, nowMs: 0, cause: 'administrative' } } as const;
    expect(liveBindings(given(both, byOperator), 0)).toEqual([]);
  });

  it('bars an older bind of its Call-ID', () =>
    expect(refusal(given(register(), removeAll(3)), register({ cseq: 2 }))).toBe('StaleCSeq'));
});

describe('a binding named as what every object has', () => {
  const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

  it('is bound, refreshed, removed and judged as any other', () => {
    for (const bindingId of NAMES) {
      const mine = [contact({ bindingId })];
      expect(decideRegistration(NO_REGISTRATION, register({}, mine))).toMatchObject([
        { type: 'BindingAdded', data: { bindingId } },
      ]);
      const row = given(register({}, mine), register({ cseq: 2 }, mine));
      expect(liveBindings(row, 0)).toMatchObject([{ bindingId, cseq: 2 }]);
      expect(refusal(row, register({ cseq: 1 }, mine))).toBe('StaleCSeq');
      const failed = { bindingId, upTo: at(9) };
      expect(decideRegistration(row, { type: 'RemoveFailedFlow', data: failed })).toHaveLength(1);
      expect(decideRegistration(NO_REGISTRATION, { type: 'RemoveFailedFlow', data: failed })).toEqual([]);
      expect(
        decideRegistration(row, register({ cseq: 3 }, [contact({ bindingId, expiresS: 0 })])),
      ).toMatchObject([{ type: 'BindingRemoved', data: { bindingId } }]);
    }
  });

  it('does not spoil the row of the others', () =>
    fc.assert(
      fc.property(fc.shuffledSubarray([...NAMES, 'phone', 'desk']), (ids) => {
        const row = given(...ids.map((bindingId, n) => register({ cseq: n + 1 }, [contact({ bindingId })])));
        const stored = JSON.parse(JSON.stringify(row)) as Registration;
        const expired = { type: 'ExpireBindings', data: { nowMs: 300_000 } } as const;
        expect(decideRegistration(stored, expired)).toHaveLength(ids.length);
      }),
    ));
});

describe('expiry and failed flows', () => {
  it('remove what lapsed, up to the entry judged', () =>
    expect(
      decideRegistration(given(register()), { type: 'ExpireBindings', data: { nowMs: 300_000 } }),
    ).toMatchObject([{ type: 'BindingRemoved', data: { cause: 'expired', upTo: { offset: 0 } } }]));

  it('leave what has not lapsed', () =>
    expect(
      decideRegistration(given(register()), { type: 'ExpireBindings', data: { nowMs: 299_999 } }),
    ).toEqual([]));

  it('leave a binding that was refreshed after the flow was judged', () => {
    const row = given(register(), register({ cseq: 2 }));
    const failed = (upTo: number): RegistrationCommand => ({
      type: 'RemoveFailedFlow',
      data: { bindingId: 'phone', upTo: at(upTo) },
    });
    expect(decideRegistration(row, failed(0))).toEqual([]);
    expect(decideRegistration(row, failed(1))).toMatchObject([
      { type: 'BindingRemoved', data: { cause: 'flow-failed' } },
    ]);
  });
});

describe('what is remembered of removals', () => {
  it('goes 60 s after the last expiry that was granted, when an older bind would be outdated too', () => {
    const row = given(register(), register({ cseq: 2 }, [contact({ expiresS: 0 })]));
    const [bound] = decideRegistration(NO_REGISTRATION, register());
    expect(pruneRegistration(row, 359_999)).toBe(row);
    expect(isOutdated(bound!, 359_999)).toBe(false);
    expect(pruneRegistration(row, 360_000).entries).toEqual({});
    expect(isOutdated(bound!, 360_000)).toBe(true);
  });
});

describe('an operator', () => {
  const ends = (isRejected: boolean): RegistrationCommand => ({
    type: 'RemoveAllBindings',
    data: { cause: 'administrative', nowMs: 0, maxExpiresS: 300, isRejected },
  });

  it('ends all there is, seen or not, and may say that nobody is to come back', () => {
    expect(decideRegistration(given(register()), ends(false))).toMatchObject([
      { type: 'AllBindingsRemoved' },
    ]);
    expect(decideRegistration(given(register()), ends(true))).toEqual([
      { type: 'RegistrationRejected', data: { grantedUntilMs: 300_000 } },
    ]);
    expect(liveBindings(given(register(), ends(true)), 0)).toEqual([]);
  });

  it('changes the identities of what is bound, once', () => {
    const change = (identities: readonly string[]): RegistrationCommand => ({
      type: 'ChangeIdentities',
      data: { identities, nowMs: 0 },
    });
    const row = given(register(), change(['sip:alice@ims.test', 'tel:+1']));
    expect(liveBindings(row, 0)).toMatchObject([{ identities: ['sip:alice@ims.test', 'tel:+1'], cseq: 1 }]);
    expect(decideRegistration(row, change(['sip:alice@ims.test', 'tel:+1']))).toEqual([]);
    expect(decideRegistration(row, register())).toEqual([]);
  });
});
