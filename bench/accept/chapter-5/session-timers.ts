// Session timers on the running product (RFC 4028 §8): what an INVITE leaves the router with, and what comes back. Used by line 5.1.
import { firstHeader, statusOf } from '#libs/testkit';
import { expectCall, invite } from '../../harness/phone-call.js';
import type { Product } from '../../harness/product.js';
import type { Header } from '../../harness/sip-text.js';
import { checkStatus, registeredPhone } from '../checks.js';
import type { Report } from '../line.js';

const KNOWS: Header = ['Supported', 'timer'];

export const checkSessionTimers = async (report: Report, product: Product): Promise<void> => {
  report.note('session timers');
  const caller = await registeredPhone(report, product, 'caller', 'tcp');
  const callee = await registeredPhone(report, product, 'callee', 'tcp');
  const target = callee.user.impu;
  const check = (what: string, message: string, header: string, expected: string | undefined): void => {
    const value = firstHeader(message, header);
    report.check(`${what}: ${header} ${expected}`, value === expected, String(value));
  };
  try {
    const asked = invite(caller, target, { headers: [KNOWS] });
    const arrived = await expectCall(callee);
    check('a session is asked to be refreshed', arrived.invite, 'Session-Expires', '600');
    await arrived.answer();
    const answer = await asked.final;
    check('the caller refreshes for a callee who cannot', answer, 'Session-Expires', '600;refresher=uac');
    check('and has to', answer, 'Require', 'timer');
    const ended = asked.bye();
    callee.reply(await callee.take('BYE'), 200, 'OK');
    report.check('the call ends', statusOf(await ended) === 200);

    const often = invite(caller, target, { headers: [KNOWS, ['Session-Expires', '60']] });
    const refused = await often.final;
    checkStatus(report, 'too often', refused, 422);
    check('what would do', refused, 'Min-SE', '90');

    const long = invite(caller, target, {
      headers: [KNOWS, ['x', '7200;refresher=uac'], ['Min-SE', '1200']],
    });
    const brought = await expectCall(callee);
    check(
      'brought down as far as the caller lets it',
      brought.invite,
      'Session-Expires',
      '1200;refresher=uac',
    );
    brought.reject(486, 'Busy Here');
    checkStatus(report, 'its call', await long.final, 486);
  } finally {
    for (const phone of [caller, callee]) phone.close();
  }
};
