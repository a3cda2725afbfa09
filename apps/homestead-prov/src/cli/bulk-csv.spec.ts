// The CSV forms of the provisioning tool, byte by byte.
import { numberedSubscribers, readBulkCsv, sippCsv } from './bulk-csv.js';

describe("Clearwater's bulk CSV", () => {
  it('is read, with quotes, comments, a header and either line ending', () => {
    const text =
      'public_id,private_id,realm,password\r\n# comment\n\nsip:a@x, a@x ,x,secret\r\n"sip:b@x",b@x,x,"a,""b"""\n';
    expect(readBulkCsv(text)).toEqual({
      ok: true,
      subscribers: [
        { impu: 'sip:a@x', impi: 'a@x', realm: 'x', password: 'secret' },
        { impu: 'sip:b@x', impi: 'b@x', realm: 'x', password: 'a,"b"' },
      ],
    });
  });

  it('has keys where a SIM has no password', () => {
    const [k, opc] = ['0'.repeat(32), 'F'.repeat(32)];
    expect(readBulkCsv(`sip:a@x,a@x,x,,${k},${opc}`)).toEqual({
      ok: true,
      subscribers: [{ impu: 'sip:a@x', impi: 'a@x', realm: 'x', aka: { k, opc } }],
    });
    for (const bad of [`a,b,c,d,${k},${opc}`, `a,b,c,,${k}`, `a,b,c,,${k},${opc}0`])
      expect(readBulkCsv(bad)).toMatchObject({ ok: false });
  });

  it.each(['sip:a@x,a@x,x', 'sip:a@x,a@x,x,', 'a,b,c,d,e', '"a,b,c,d', '"a"b,c,d,e'])(
    'refuses %s',
    (line) => {
      expect(readBulkCsv(line)).toEqual({
        ok: false,
        reason: 'line 1: takes public_id,private_id,realm,password, or of a SIM …,realm,,k,opc',
      });
    },
  );
});

describe("SIPp's CSV", () => {
  const users = { count: 3, domain: 'ims.test', password: 'secret' } as const;

  it('has the fields of the scenarios; one prefix calls itself in a ring', () => {
    expect(sippCsv({ ...users, prefixes: ['u', 'u'] })).toBe(
      'SEQUENTIAL\n' +
        'u000000;ims.test;[authentication username=u000000@ims.test password=secret];u000001;0000000000b2\n' +
        'u000001;ims.test;[authentication username=u000001@ims.test password=secret];u000002;0000000000b2\n' +
        'u000002;ims.test;[authentication username=u000002@ims.test password=secret];u000000;0000000000b2\n',
    );
  });

  it('with two prefixes user n calls user n of the other, from another device', () => {
    const [a, b] = [sippCsv({ ...users, prefixes: ['a', 'b'] }), sippCsv({ ...users, prefixes: ['b', 'a'] })];
    expect(a.split('\n')[3]).toBe(
      'a000002;ims.test;[authentication username=a000002@ims.test password=secret];b000002;0000000000a1',
    );
    expect(b.split('\n')[3]).toContain(';a000002;0000000000b2');
  });

  it('names the subscribers that are provisioned', () => {
    const made = numberedSubscribers({ ...users, prefixes: ['a', 'b'] });
    expect(made.map(({ impi }) => impi)).toEqual(
      ['a000000', 'a000001', 'a000002', 'b000000', 'b000001', 'b000002'].map((user) => `${user}@ims.test`),
    );
    expect(numberedSubscribers({ ...users, prefixes: ['u', 'u'] })).toHaveLength(3);
  });
});
