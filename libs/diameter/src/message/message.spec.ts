// What is written is read again: every type, groups, order of several values, padding, vendors; and what cannot be written says so.
import fc from 'fast-check';
import { encodeAvps, padded, readAvps } from '../codec/avp.js';
import { FORMATS } from '../codec/formats.js';
import { AVPS_MAX, MESSAGE_BYTES_MAX } from '../codec/limits.js';
import { allAvps, avpByCode, avpByName, commandByShort } from '../dictionary/dictionary.js';
import { ACR, headerOf, parsed, UAR, written } from '../testing/samples.fixture.js';
import { Avps, describe as described } from './avps.js';
import { parseMessage, resultOf } from './message.js';
import { avpsOf, CannotWriteError, readdress, writeMessage } from './write-message.js';

describe('a message', () => {
  it('is written and read again, byte for byte as RFC 6733 §3 and §4 have it', () => {
    const bytes = writeMessage(headerOf('CER'), { 'Origin-Host': 'a.bc', 'Host-IP-Address': '10.0.0.1' });
    expect(bytes.toString('hex')).toBe(
      '01000030800001010000000012345678' + '9abcdef0' + '000001084000000c612e6263' + '000001014000000e00010a0000010000',
    );
    expect(parsed(bytes)).toMatchObject({ ...headerOf('CER') });
  }); // prettier-ignore

  it('keeps the order of its fields and of several values of one', () => {
    const { avps } = parsed(written('ACR', ACR));
    expect(avps.list.map(({ code }) => code)).toEqual([263, 264, 296, 283, 480, 485, 259, 55, 873]);
    const ims = avps.group('Service-Information')?.group('IMS-Information');
    expect(ims?.all('Calling-Party-Address')).toEqual(['sip:alice@ims.test', 'tel:+15551234']);
    const subscribers = avps.group('Service-Information')?.groups('Subscription-Id') ?? [];
    expect(subscribers.map((one) => one.get('Subscription-Id-Data'))).toEqual([
      'sip:alice@ims.test',
      '15551234',
    ]);
    expect(ims?.get('Cause-Code')).toBe(-1);
    expect(avps.get('Event-Timestamp')).toBe(1_900_000_000);
  });

  it('is told by name, several values as a list', () => {
    const { avps } = parsed(written('ACR', ACR));
    expect(described(avps)).toEqual({ ...ACR });
  });

  it('takes a group that was read as it was, unknown members and all', () => {
    const strange = { code: 99_999, vendorId: 5, flags: 0x80, data: Buffer.from('x') };
    const { avps } = parsed(written('ACR', { 'Proxy-Info': [new Avps([strange])] }));
    expect(avps.group('Proxy-Info')?.list).toEqual([strange]);
    expect(described(avps)).toEqual({ 'Proxy-Info': { '99999@5': 'x' } });
  });

  it('reads the digest AVPs also where they are written as the vendor’s', () => {
    const ours = avpsOf({ 'Digest-HA1': 'aa' }).list[0]!;
    expect(ours.vendorId).toBe(0);
    const theirs = new Avps([{ ...ours, vendorId: 10_415, flags: 0xc0 }]);
    expect(theirs.get('Digest-HA1')).toBe('aa');
    expect(new Avps([{ ...ours, vendorId: 7 }]).get('Digest-HA1')).toBeUndefined();
  });

  it('says what became of it: a base code, or a vendor’s', () => {
    const answer = (body: Parameters<typeof written>[1]) => resultOf(parsed(written('UAR', body)));
    expect(answer({ 'Result-Code': 2001 })).toEqual({ code: 2001, vendorId: 0 });
    const experimental = { 'Vendor-Id': 10_415, 'Experimental-Result-Code': 5001 };
    expect(answer({ 'Experimental-Result': experimental })).toEqual({ code: 5001, vendorId: 10_415 });
    expect(answer(UAR)).toBeUndefined();
  });

  it('goes to another peer under another id, marked as sent before', () => {
    const again = parsed(readdress(written('UAR', UAR), 7, 0xd0));
    expect(again).toMatchObject({ hopByHop: 7, flags: 0xd0, endToEnd: 0x9abc_def0, command: 300 });
  });

  it('that is too long, nests too deep or holds a wrong value is not written', () => {
    const long = { 'User-Data': Buffer.alloc(MESSAGE_BYTES_MAX) };
    expect(() => written('UAR', long)).toThrow(CannotWriteError);
    expect(() => written('UAR', { 'Public-Identity': Array<string>(70_000).fill('sip:a@b') })).toThrow(CannotWriteError);
    expect(() => written('CER', { 'Host-IP-Address': 'localhost' })).toThrow(CannotWriteError);
    expect(() => written('CER', { 'Vendor-Id': -1 })).toThrow(CannotWriteError);
    let deep: Parameters<typeof written>[1] = { 'User-Name': 'x' };
    for (let i = 0; i < 9; i++) deep = { 'Failed-AVP': deep };
    expect(() => written('CER', deep)).toThrow(CannotWriteError);
  }); // prettier-ignore
});

describe('types', () => {
  const written1 = (name: Parameters<typeof avpByName>[0], value: unknown) => avpsOf({ [name]: value });
  it.each([
    ['Address', 'Host-IP-Address', '10.1.2.3', '00010a010203'],
    ['Address, IPv6', 'Host-IP-Address', '2001:db8:0:0:0:0:0:1', '000220010db8000000000000000000000001'],
    ['Time', 'Event-Timestamp', 0, '83aa7e80'],
    ['Time after 2036', 'Event-Timestamp', 2_085_978_496, '00000000'],
    ['Unsigned32', 'Vendor-Id', 10_415, '000028af'],
    ['Unsigned64', 'Accounting-Sub-Session-Id', 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['Integer32', 'Cause-Code', -2, 'fffffffe'],
    ['UTF8String', 'User-Name', 'ä', 'c3a4'],
    ['OctetString', 'SIP-Authenticate', Buffer.from([0, 255]), '00ff'],
  ] as const)('%s', (_type, name, value, hex) => {
    const avps = written1(name, value);
    expect(avps.list[0]?.data.toString('hex')).toBe(hex);
    expect(avps.get(name)).toEqual(value);
  });

  it('IPv6 in short forms is written out', () => {
    for (const [short, long] of [
      ['::1', '0:0:0:0:0:0:0:1'],
      ['fe80::', 'fe80:0:0:0:0:0:0:0'],
      ['::ffff:10.0.0.1', '0:0:0:0:0:ffff:a00:1'],
    ] as const)
      expect(written1('Host-IP-Address', short).get('Host-IP-Address')).toBe(long);
  });

  it('a value that is not of its type reads as absent', () => {
    const with_ = (name: Parameters<typeof avpByName>[0], data: Buffer) => {
      const { code, vendorId } = avpByName(name);
      return new Avps([{ code, vendorId, flags: 0, data }]);
    };
    expect(with_('Vendor-Id', Buffer.alloc(3)).get('Vendor-Id')).toBeUndefined();
    expect(with_('User-Name', Buffer.from([0xff])).get('User-Name')).toBeUndefined();
    expect(with_('Origin-Host', Buffer.from('a b')).get('Origin-Host')).toBeUndefined();
    expect(with_('Redirect-Host', Buffer.from('http://a')).get('Redirect-Host')).toBeUndefined();
    expect(
      with_('Redirect-Host', Buffer.from('aaa://a.b:3868;transport=tcp')).get('Redirect-Host'),
    ).toBeDefined();
    expect(with_('Failed-AVP', Buffer.from('abc')).group('Failed-AVP')).toBeUndefined();
  });

  it('64-bit floats and integers too', () => {
    const data = Buffer.alloc(8);
    FORMATS.Float64.write(-1.5, data, 0);
    expect(FORMATS.Float64.read(data)).toBe(-1.5);
    FORMATS.Integer64.write(-3n, data, 0);
    expect(FORMATS.Integer64.read(data)).toBe(-3n);
    FORMATS.Float32.write(0.5, data, 0);
    expect(FORMATS.Float32.read(data)).toBe(0.5);
    expect(FORMATS.IPFilterRule.isValid(Buffer.from('permit in ip from any to any'))).toBe(true);
  });
});

describe('dictionaries', () => {
  it('name each code of a vendor once, and every member of a grammar', () => {
    const keys = allAvps().map(({ vendorId, code }) => `${vendorId}/${code}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { grammar } of allAvps())
      for (const name of grammar?.members.keys() ?? [])
        expect(avpByName(name as 'User-Name').name).toBe(name);
  });

  it('know the commands of the base, of accounting and of Cx', () => {
    expect(commandByShort('ACR')).toMatchObject({
      code: 271,
      applicationId: 3,
      isRequest: true,
      isProxiable: true,
    });
    expect(commandByShort('MAA')).toMatchObject({ code: 303, applicationId: 16_777_216, isRequest: false });
    expect(commandByShort('CER').members.get('Host-IP-Address')).toMatchObject({ min: 1, max: Infinity });
    expect(commandByShort('CER').members.get('Session-Id')).toMatchObject({ min: 0, max: 0 });
    expect(avpByCode(10_415, 601)?.name).toBe('Public-Identity');
  });
});

describe('whatever stands one after another', () => {
  const avp = fc.record({
    code: fc.integer({ min: 0, max: 0xffff_ffff }),
    vendorId: fc.constantFrom(0, 10_415, 0xffff_ffff),
    flags: fc.constantFrom(0, 0x40, 0x20),
    data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  }).map((one) => (one.vendorId === 0 ? one : { ...one, flags: one.flags | 0x80 })); // prettier-ignore

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(avp, { maxLength: 20 }), (list) => {
        const bytes = encodeAvps(list);
        expect(bytes.length % 4).toBe(0);
        expect(readAvps(bytes)).toEqual({ avps: list });
      }),
    );
  });

  it('cut anywhere is a fault that shows what was cut, or fewer AVPs', () => {
    fc.assert(
      fc.property(fc.array(avp, { minLength: 1, maxLength: 5 }), fc.nat(), (list, cut) => {
        const bytes = encodeAvps(list);
        const { avps, fault } = readAvps(bytes.subarray(0, cut % bytes.length));
        expect(avps).toEqual(list.slice(0, avps.length));
        if (fault) expect(fault).toMatchObject({ resultCode: 5014, failed: [expect.anything()] });
      }),
    );
  });

  it('has a bound on how many', () => {
    const one = { code: 1, vendorId: 0, flags: 0, data: Buffer.alloc(0) };
    expect(readAvps(encodeAvps(Array(AVPS_MAX).fill(one))).fault).toBeUndefined();
    expect(readAvps(encodeAvps(Array(AVPS_MAX + 1).fill(one))).fault?.resultCode).toBe(5012);
  });

  it('random bytes are read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = parseMessage(Buffer.from(bytes));
        if (!read.ok) expect(read.fault.reason).not.toBe('');
      }),
    );
    expect(padded(5)).toBe(8);
  });
});
