// 4.6: the history of one call tells across all its legs why it went where it went: criteria, servers, services, devices, answers, with time.
import { statusOf } from '#libs/testkit';
import { serversInOrder } from '../../harness/criteria.js';
import { putSimservs, ruleXml } from '../../harness/documents.js';
import { invite } from '../../harness/phone-call.js';
import { freePort } from '../../harness/ports.js';
import { DOMAIN, withProduct } from '../../harness/product.js';
import { provisionUser, userOf } from '../../harness/users.js';
import { newPhone, registeredPhone, statusLine } from '../checks.js';
import { runHistory } from '../history-run.js';
import type { Line } from '../line.js';

const BUSY = `<communication-diversion>${ruleXml('<busy/>', '<forward-to><target>TARGET</target></forward-to>', 'when-busy')}</communication-diversion>`;

export const line: Line = {
  run: (report) =>
    withProduct({}, async (product) => {
      const absent = `sip:127.0.0.1:${await freePort()};transport=tcp`;
      const [alice, bob] = [userOf('asker'), userOf('diverter')];
      await provisionUser(product, alice, { filterCriteria: serversInOrder([{ server: absent, of: 0 }]) });
      await provisionUser(product, bob, {
        filterCriteria: serversInOrder([{ server: `sip:mmtel.${DOMAIN}`, of: 1 }]),
      });
      const [caller, callee] = [await newPhone(product, alice), await newPhone(product, bob)];
      const target = await registeredPhone(report, product, 'target');
      await caller.register();
      await callee.register();
      await putSimservs(product, bob.impu, BUSY.replace('TARGET', target.user.impu));
      const refuses = (status: number) => (request: string, phone: typeof callee) => {
        if (request.startsWith('INVITE')) phone.reply(request, status, 'No');
        return request.startsWith('INVITE');
      };
      callee.onRequest = refuses(486);
      target.onRequest = refuses(603);
      const call = invite(caller, bob.impu);
      const final = await call.final;
      report.check('the call ends where it was sent', statusOf(final) === 603, statusLine(final));
      const { text, code } = await runHistory(product, 'call', call.callId);
      report.check('history exits with 0', code === 0, text.slice(-500));
      for (const [what, words] of [
        ['the criterion and why', `because Method INVITE and SessionCase orig-reg`],
        ['the server that was not there', 'it could not be reached'],
        ['the telephony server', `asked sip:mmtel.${DOMAIN}`],
        ['the device of the callee', callee.contact],
        ['the rule that diverted', 'when-busy'],
        ['where to', target.user.impu],
        ['the device that was reached', target.contact],
        ['its answer', '603'],
      ] as const)
        report.check(`it tells ${what}`, text.includes(words), text);
      report.check('each line has its time', /\d\d:\d\d:\d\d/.test(text), text.slice(0, 500));
      report.check(
        'it tells the node',
        text.includes(`on the node of ${product.dataDir}`),
        text.slice(0, 500),
      );
      for (const phone of [caller, callee, target]) phone.close();
    }),
};
