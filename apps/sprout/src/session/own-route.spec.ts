import fc from 'fast-check';
import { addrUri } from '#libs/sip';
import { type DialogMark, DialogMarks, isOwn } from './own-route.js';

const OWN = new Set(['ims.test', 'scscf.ims.test:5054', '10.1.0.1:5054', '[2001:db8::1]:5054']);

describe('isOwn', () => {
  it.each([
    'sip:scscf.ims.test:5054',
    'sip:SCSCF.ims.Test:5054;lr',
    'sip:odi_1@scscf.ims.test:5054;transport=tcp;lr;orig',
    'sip:alice@ims.test',
    'sips:ims.test;lr',
    'sip:10.1.0.1:5054?Subject=x',
    'sip:[2001:DB8::1]:5054;lr',
  ])('takes %s for this node', (uri) => expect(isOwn(uri, OWN)).toBe(true));

  it.each([
    'sip:scscf.ims.test',
    'sip:scscf.ims.test:5060',
    'sip:ims.test.evil:5054',
    'sip:ims.test@evil',
    'sip:evil;x=ims.test',
    'sip:scscf.ims.test:5054@evil',
    'tel:+15551234',
    'urn:service:sos',
    '',
  ])('does not take %s for it', (uri) => expect(isOwn(uri, OWN)).toBe(false));
});

describe('a dialog mark', () => {
  const marks = new DialogMarks(Buffer.alloc(32, 1));
  const mark: DialogMark = { role: 'charge-orig', icid: 'abc123', dialog: 'x7', open: false };
  const uri = addrUri(marks.recordRoute('sip:scscf.ims.test:5054;transport=tcp', mark));

  it('comes back as it was written, with what others add', () => {
    expect(marks.read(uri)).toEqual(mark);
    expect(marks.read(`${uri};x=y`)).toEqual(mark);
    expect(new DialogMarks(Buffer.alloc(32, 1)).read(uri)).toEqual(mark);
  });

  it('is a loose route of this node', () => {
    expect(isOwn(uri, OWN)).toBe(true);
    expect(uri).toContain(';lr;');
  });

  it('is none once a part of it was changed, or made with another key', () => {
    expect(marks.read(uri.replace('charge-orig', 'charge-term'))).toBeUndefined();
    expect(marks.read(uri.replace('abc123', 'abc124'))).toBeUndefined();
    expect(marks.read(uri.replace('dialog=x7', 'dialog=x8'))).toBeUndefined();
    expect(marks.read(uri.replace(/sig=./, 'sig='))).toBeUndefined();
    expect(marks.read(uri.replace(/;sig=.*/, ''))).toBeUndefined();
    expect(new DialogMarks(Buffer.alloc(32, 2)).read(uri)).toBeUndefined();
  });

  it('is none when it was cut differently', () => {
    const shifted = marks.recordRoute('sip:x', {
      role: 'charge-orig',
      icid: 'abc123;dialog=x7',
      dialog: 'q',
      open: false,
    });
    expect(marks.read(addrUri(shifted))).toBeUndefined();
  });

  it.each([
    'sip:scscf.ims.test:5054;lr',
    'sip:scscf.ims.test:5054;lr;billing-role=charge-none;icid=a;dialog=b',
    '',
  ])('is not in %s', (other) => expect(marks.read(other)).toBeUndefined());

  it('is never made by chance', () =>
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 12 }), (icid, sig) => {
        expect(
          marks.read(`sip:x;billing-role=charge-orig;icid=${icid};dialog=x7;sig=${sig}`),
        ).toBeUndefined();
      }),
    ));
});
