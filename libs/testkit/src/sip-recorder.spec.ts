// The recorder's reading of SIP text: start lines, folded and compact headers.
import { createSipRecorder, firstHeader, headerLines, statusOf } from './sip-recorder.js';

const ok =
  'SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a\r\nVIA : SIP/2.0/UDP b,\r\n  SIP/2.0/UDP c\r\nl: 4\r\n\r\nVia: no';

describe('SIP recorder', () => {
  it('finds long, compact and folded headers and stops at the body', () => {
    expect(headerLines(ok, 'Via')).toEqual(['SIP/2.0/UDP a', 'SIP/2.0/UDP b, SIP/2.0/UDP c']);
    expect(firstHeader(ok, 'content-length')).toBe('4');
    expect(firstHeader(ok, 'To')).toBeUndefined();
    expect(statusOf(ok)).toBe(200);
  });

  it('shows what went where', () => {
    const recorder = createSipRecorder();
    recorder.record('a → b', 'INVITE sip:bob@x SIP/2.0\r\n\r\n');
    recorder.record('b → a', ok);
    expect(recorder.lines()).toEqual(['a → b: INVITE sip:bob@x', 'b → a: 200 OK']);
    expect(recorder.lines('b → a')).toEqual(['200 OK']);
    expect(() => recorder.last('c')).toThrow('nothing was sent');
  });
});
