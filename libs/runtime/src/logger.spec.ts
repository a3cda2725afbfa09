// No secret and no message body reaches a log line, however deep it stands.
import { createLogger, scrubbed } from './logger.js';

const logged = (fields: object): string => {
  const lines: string[] = [];
  createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } }).info(
    fields,
    'text',
  );
  return lines.join('');
};

describe('logger', () => {
  it.each([
    { authorization: 'hunter2' },
    { headers: { Authorization: 'hunter2', 'Proxy-Authorization': 'hunter2', 'X-API-Key': 'hunter2' } },
    { user: { password: 'hunter2', plaintext_password: 'hunter2' } },
    { credential: { ha1: 'hunter2', ha1Md5: 'hunter2', digest_ha1: 'hunter2' } },
    { list: [{ deep: { api_key: 'hunter2' } }] },
    { body: 'hunter2', sdp: 'hunter2', raw: Buffer.from('hunter2') },
    { map: new Map([['password', 'hunter2']]) },
    { err: new Error('outer', { cause: { password: 'hunter2' } }) },
    { buffer: Buffer.from('hunter2') },
  ])('hides the secret of %j', (fields) => {
    expect(logged(fields)).not.toContain('hunter2');
    expect(logged(fields)).not.toContain('104,117,110'); // the bytes of it
  });

  it('keeps what is no secret, and errors with their stack', () => {
    expect(JSON.parse(logged({ aor: 'sip:alice@ims.test', err: new TypeError('broken') }))).toMatchObject({
      level: 'info',
      name: 'test',
      msg: 'text',
      aor: 'sip:alice@ims.test',
      err: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('logger.spec') as string },
    });
  });

  it('cuts what is deep, and does not hang on a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(JSON.stringify(scrubbed(cycle))).toContain('[deeper]');
  });

  it('shows the length of a body', () => {
    expect(scrubbed({ body: '12345' })).toEqual({ body: '[5 bytes]' });
  });
});
