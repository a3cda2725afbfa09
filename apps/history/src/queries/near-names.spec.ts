import { nearNames } from './near-names.js';

describe('names like one that is not there', () => {
  const names = ['registration-sip:alice@ims.test', 'identity-sip:alice@ims.test', 'registration-sip:bob@ims.test', 'call-9f86d081'];

  it('the same subject in another kind of stream', () => {
    expect(nearNames('subscriber-sip:alice@ims.test', names)).toEqual(names.slice(0, 2));
  });
  it('a part of the name', () => {
    expect(nearNames('alice', names)).toEqual(names.slice(0, 2));
    expect(nearNames('call-9f86', names)).toEqual(['call-9f86d081']);
  });
  it('a slip of the finger', () => {
    expect(nearNames('registration-sip:bbo@ims.test', names)[0]).toBe('registration-sip:bob@ims.test');
    expect(nearNames('Registration-sip:alicee@ims.test', names)[0]).toBe('registration-sip:alice@ims.test');
  });
  it('nothing when nothing is near', () => {
    expect(nearNames('zzz', names)).toEqual([]);
    expect(nearNames('', names)).toEqual([]);
  });
  it('at most five', () => {
    const many = Array.from({ length: 100 }, (_none, n) => `registration-sip:user${n}@ims.test`);
    expect(nearNames('registration-sip:user@ims.test', many)).toHaveLength(5);
  });
}); // prettier-ignore
