// Ellis and people who mean harm, or do two things at once: scripts in documents, guesses from many addresses, endless names, an account deleted
// while its line is made.
import {
  accountPath,
  createEllisFixture,
  type EllisFixture,
  newNumber,
  signedUp,
} from './ellis.fixture.js';

let api: EllisFixture;
beforeEach(async () => {
  api = await createEllisFixture();
});
afterEach(() => api.close());

const ALICE = 'alice@example.com';

it('lets no script run in what people wrote, whoever opens it', async () => {
  const cookie = await signedUp(api, ALICE);
  const number = await newNumber(api, ALICE, cookie);
  const script = '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>';
  const body = `<ServiceProfile><Extension>${script}</Extension></ServiceProfile>`;
  const own = accountPath(ALICE, 'numbers', number, 'ifcs');
  const headers = { 'content-type': 'application/xml' };
  expect((await api.ask('PUT', own, { as: cookie, body, headers })).status).toBe(200);
  const operators = `/operator/subscribers/${encodeURIComponent(number)}/ifcs`;
  for (const [at, as] of [[own, cookie], [operators, 'key'], [operators, cookie]] as const) {
    const reply = await api.ask('GET', at, { as });
    expect(reply.header('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
    expect(reply.header('x-content-type-options')).toBe('nosniff');
  }
}); // prettier-ignore
