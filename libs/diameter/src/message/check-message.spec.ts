// Every failure answer of RFC 6733 §7 that bad input gets from the codec, each with its Failed-AVP; the rest of §7 is the
// node's: 3001, 3002, 3003, 3004, 3007, 3010, 5010, 5017 (libs/diameter/src/node).
import { type Avp, encodeAvps, type Fault } from '../codec/avp.js';
import { AVPS_MAX } from '../codec/limits.js';
import { requestGrammar } from '../dictionary/dictionary.js';
import { ACR, CER, headerOf, parsed, UAR, written } from '../testing/samples.fixture.js';
import { faultAnswer } from './answer.js';
import { Avps } from './avps.js';
import { checkRequest, type Strictness } from './check-message.js';
import { parseMessage } from './message.js';
import { avpsOf, type Body, writeMessage } from './write-message.js';

const US = { host: 'server.ims.test', realm: 'ims.test' };

/** As a node does: read, then judged. */
const judged = (bytes: Buffer, strictness?: Strictness): Fault | undefined => {
  const read = parseMessage(bytes);
  if (!read.ok) return read.fault;
  const grammar = requestGrammar(read.message.applicationId, read.message.command);
  if (!grammar) throw new Error('no such command');
  return checkRequest(read.message, grammar, strictness);
};

const withAvps = (short: 'UAR' | 'ACR' | 'CER', body: Body, ...more: readonly Avp[]): Buffer => {
  const head = parsed(written(short, body));
  return writeMessage(headerOf(short), new Avps([...head.avps.list, ...more]));
};
const raw = (code: number, data: Buffer | string, flags = 0x40, vendorId = 0): Avp => ({
  code,
  vendorId,
  flags: flags | (vendorId ? 0x80 : 0),
  data: Buffer.from(data as string),
});
const failedOf = (fault: Fault | undefined) =>
  fault?.failed?.map(({ code, vendorId, data }) => [code, vendorId, data.toString('hex')]);
const without = (body: Body, name: keyof Body): Body => ({ ...body, [name]: undefined });

describe('a right request', () => {
  it.each([
    ['CER', CER],
    ['ACR', ACR],
    ['UAR', UAR],
  ] as const)('%s passes', (short, body) => {
    expect(judged(written(short, body))).toBeUndefined();
  });

  it('may hold what is not known, without the M bit', () => {
    expect(judged(withAvps('UAR', UAR, raw(9_999, 'x', 0, 77)))).toBeUndefined();
  });
});

describe('header', () => {
  it('5011: another version', () => {
    const bytes = written('UAR', UAR);
    bytes.writeUInt8(2, 0);
    expect(judged(bytes)?.resultCode).toBe(5011);
  });

  it('5013: a reserved bit', () => {
    expect(judged(written('UAR', UAR, { flags: 0xc1 }))?.resultCode).toBe(5013);
  });

  it('3008: R with E; T in an answer; P where the command has none', () => {
    expect(judged(written('UAR', UAR, { flags: 0xe0 }))?.resultCode).toBe(3008);
    expect(judged(written('UAR', UAR, { flags: 0x10 }))?.resultCode).toBe(3008);
    expect(judged(written('CER', CER, { flags: 0xc0 }))?.resultCode).toBe(3008);
  });

  it('5015: a length that is not the message’s', () => {
    const bytes = written('UAR', UAR);
    expect(judged(Buffer.concat([bytes, Buffer.alloc(4)]))?.resultCode).toBe(5015);
    expect(judged(bytes.subarray(0, 12))?.resultCode).toBe(5015);
  });
});

describe('AVPs', () => {
  it('3009: a flag that is not known', () => {
    const fault = judged(withAvps('UAR', UAR, raw(25, 'x', 0x41)));
    expect([fault?.resultCode, failedOf(fault)]).toEqual([3009, [[25, 0, '78']]]);
  });

  it('5016: the V bit with vendor 0', () => {
    const fault = judged(withAvps('UAR', UAR, raw(25, 'x', 0xc0)));
    expect([fault?.resultCode, failedOf(fault)]).toEqual([5016, [[25, 0, '78']]]);
  });

  it('5001: not known, with the M bit; an accounting server may take it', () => {
    const bytes = withAvps('ACR', ACR, raw(9_999, 'x', 0x40, 77));
    const fault = judged(bytes);
    expect([fault?.resultCode, failedOf(fault)]).toEqual([5001, [[9_999, 77, '78']]]);
    expect(judged(bytes, { acceptUnknown: true })).toBeUndefined();
  });

  it.each([
    ['text that is no UTF-8', 1, Buffer.from([0xc3]), 'c3'],
    ['an enumeration without that value', 277, Buffer.from([0, 0, 0, 9]), '00000009'],
    ['an identity with a space', 282, Buffer.from('a b'), '612062'],
    ['an address of five bytes', 257, Buffer.from([0, 1, 2, 3, 4]), '0001020304'],
  ])('5004: %s', (_what, code, data, hex) => {
    const fault = judged(withAvps('ACR', ACR, raw(code, data)));
    expect([fault?.resultCode, failedOf(fault)]).toEqual([5004, [[code, 0, hex]]]);
  });

  it.each([
    ['a number', 'Accounting-Record-Number', [485, 0, '00000000']],
    ['an identity', 'Origin-Host', [264, 0, '00']],
    ['text', 'Session-Id', [263, 0, '']],
  ] as const)('5005: %s is missing, and an example is given', (_what, name, example) => {
    const fault = judged(written('ACR', without(ACR, name)));
    expect([fault?.resultCode, failedOf(fault)]).toEqual([5005, [[...example]]]);
  });

  it('5005: missing in a group, inside the group; of a vendor with its id', () => {
    const inGroup = judged(written('ACR', { ...ACR, 'Proxy-Info': { 'Proxy-State': Buffer.from('x') } }));
    const example = encodeAvps([raw(280, Buffer.alloc(1))]).toString('hex');
    expect([inGroup?.resultCode, failedOf(inGroup)]).toEqual([5005, [[284, 0, example]]]);
    const vendors = judged(written('UAR', without(UAR, 'Public-Identity')));
    expect([vendors?.resultCode, failedOf(vendors)]).toEqual([5005, [[601, 10_415, '']]]);
  });

  it('5005: an application that is neither auth nor acct, with an example of both', () => {
    const fault = judged(
      written('UAR', { ...UAR, 'Vendor-Specific-Application-Id': { 'Vendor-Id': 10_415 } }),
    );
    expect(fault?.resultCode).toBe(5005);
    expect(failedOf(fault)?.map(([code]) => code)).toEqual([258, 259]);
  });

  it('5009: an application that is both, with both', () => {
    const both = { 'Vendor-Id': 10_415, 'Auth-Application-Id': 16_777_216, 'Acct-Application-Id': 3 };
    const fault = judged(written('UAR', { ...UAR, 'Vendor-Specific-Application-Id': both }));
    expect(fault?.resultCode).toBe(5009);
    expect(failedOf(fault)?.map(([code]) => code)).toEqual([258, 259]);
  });

  it('5007: an application that is not the header’s', () => {
    const other = { 'Vendor-Id': 10_415, 'Auth-Application-Id': 16_777_217 };
    const fault = judged(written('UAR', { ...UAR, 'Vendor-Specific-Application-Id': other }));
    expect(fault?.resultCode).toBe(5007);
    expect(failedOf(fault)?.map(([code]) => code)).toEqual([260]);
    const acct = judged(written('ACR', { ...ACR, 'Acct-Application-Id': 4 }));
    expect([acct?.resultCode, failedOf(acct)]).toEqual([5007, [[259, 0, '00000004']]]);
  });

  it('5008: what must not stand there', () => {
    const fault = judged(withAvps('CER', CER, avpsOf({ 'Destination-Realm': 'x.test' }).list[0]!));
    expect([fault?.resultCode, failedOf(fault)]).toEqual([5008, [[283, 0, Buffer.from('x.test').toString('hex')]]]);
    const result = judged(withAvps('ACR', ACR, avpsOf({ 'Result-Code': 2001 }).list[0]!));
    expect(result?.resultCode).toBe(5008);
  }); // prettier-ignore

  it('5009: the first one too many', () => {
    const fault = judged(withAvps('ACR', ACR, raw(1, 'first'), raw(1, 'second'), raw(1, 'third')));
    expect([fault?.resultCode, failedOf(fault)]).toEqual([
      5009,
      [[1, 0, Buffer.from('second').toString('hex')]],
    ]);
  });

  it('5014: a number of three bytes, shown with four zeros', () => {
    const fault = judged(withAvps('ACR', ACR, raw(278, 'abc')));
    expect([fault?.resultCode, failedOf(fault)]).toEqual([5014, [[278, 0, '00000000']]]);
  });

  it('5014: a length beyond the message, or below a header, shown with the least that its type has', () => {
    for (const length of [5, 4_000]) {
      const bytes = withAvps('ACR', ACR, raw(278, Buffer.alloc(4)));
      bytes.writeUIntBE(length, bytes.length - 7, 3);
      const fault = judged(bytes);
      expect([fault?.resultCode, failedOf(fault)]).toEqual([5014, [[278, 0, '00000000']]]);
    }
  });

  it('5014: in a group, the group with the header', () => {
    const bad = encodeAvps([raw(280, 'host')]);
    bad.writeUIntBE(3, 5, 3);
    const fault = judged(withAvps('ACR', ACR, raw(284, bad)));
    expect([fault?.resultCode, fault?.failed?.[0]?.code]).toEqual([5014, 284]);
  });

  it('5012: groups beyond the bound on nesting, and on members', () => {
    let deep = raw(279, '');
    for (let i = 0; i < 9; i++) deep = raw(279, encodeAvps([deep]));
    const request = { ...headerOf('ACR') };
    const nested = writeMessage(
      request,
      new Avps([...avpsOf(ACR).list.slice(0, 2), raw(284, encodeAvps([deep]))]),
    );
    expect(judged(nested)?.resultCode).toBe(5012);
    const many = encodeAvps(Array<Avp>(AVPS_MAX - 5).fill(raw(33, '')));
    expect(judged(withAvps('ACR', ACR, raw(284, many)))?.resultCode).toBe(5012);
  });
});

describe('the answer to it', () => {
  const answered = (bytes: Buffer, fault: Fault) => {
    const read = parseMessage(bytes);
    if (!read.message) throw new Error('no header');
    return parsed(faultAnswer(read.message, fault, US));
  };

  it('has the ids and the Session-Id, who answers, why, and the failed AVP; 5xxx without the E bit', () => {
    const bytes = withAvps('ACR', { ...ACR, 'Proxy-Info': { 'Proxy-Host': 'p.test', 'Proxy-State': Buffer.from('s') } }, raw(9_999, 'x', 0x40, 77)); // prettier-ignore
    const answer = answered(bytes, judged(bytes)!);
    expect(answer).toMatchObject({ flags: 0x40, command: 271, hopByHop: 0x1234_5678, endToEnd: 0x9abc_def0 });
    expect(answer.avps.get('Session-Id')).toBe('client.ims.test;1;2');
    expect(answer.avps.get('Result-Code')).toBe(5001);
    expect(answer.avps.get('Origin-Host')).toBe(US.host);
    expect(answer.avps.group('Failed-AVP')?.list).toMatchObject([{ code: 9_999, vendorId: 77 }]);
    expect(answer.avps.group('Proxy-Info')?.get('Proxy-Host')).toBe('p.test');
  });

  it('has the E bit for protocol errors', () => {
    const bytes = withAvps('UAR', UAR, raw(25, 'x', 0x41));
    expect(answered(bytes, judged(bytes)!).flags).toBe(0x60);
  });

  it('goes out also for what could be read in part only', () => {
    const bytes = written('UAR', UAR);
    bytes.writeUInt8(2, 0);
    expect(answered(bytes, judged(bytes)!).avps.get('Result-Code')).toBe(5011);
  });
});
