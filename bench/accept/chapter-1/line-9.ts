// 1.9: provisioning as a whole: its table of operations, its crash points, the criteria rules and the OpenAPI documents as tests;
// and on the running product: a changed password or filter criterion holds for the registered user's next request.
import { statusOf } from '#libs/testkit';
import { type Product, withProduct } from '../../harness/product.js';
import { askProvisioning, PASSWORD, type Provisioned, provisionUser, userOf } from '../../harness/users.js';
import { checkCallBetween, checkStatus, newPhone, registeredPhone, statusLine } from '../checks.js';
import { runHistory } from '../history-run.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const NEW_PASSWORD = 'another-secret';

const put = async (
  report: Report,
  product: Product,
  what: string,
  url: string,
  body: string,
  type: string,
) => {
  const answer = await askProvisioning(product, 'PUT', url, body, type);
  report.check(what, answer.status === 200, `${answer.status} ${answer.body}`);
};

const changePassword = async (report: Report, product: Product, { user }: Provisioned): Promise<void> => {
  const [before, after] = [
    await newPhone(product, user),
    await newPhone(product, user, 'tcp', { password: NEW_PASSWORD }),
  ];
  try {
    checkStatus(report, 'registers with the first password', await before.register(), 200);
    const body = JSON.stringify({ plaintext_password: NEW_PASSWORD });
    await put(
      report,
      product,
      'the password is changed',
      `/private/${encodeURIComponent(user.impi)}`,
      body,
      'application/json',
    );
    const refused = await before.register();
    const status = statusOf(refused) ?? 0;
    report.check(
      'the old password is refused at the next REGISTER',
      status === 401 || status === 403,
      statusLine(refused),
    );
    checkStatus(report, 'the new password is taken', await after.register(), 200);
  } finally {
    before.close();
    after.close();
  }
};

const criterion = (server: string): string =>
  [
    '<ServiceProfile><InitialFilterCriteria><Priority>1</Priority>',
    '<TriggerPoint><ConditionTypeCNF>0</ConditionTypeCNF>',
    '<SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>INVITE</Method></SPT></TriggerPoint>',
    `<ApplicationServer><ServerName>${server}</ServerName><DefaultHandling>0</DefaultHandling></ApplicationServer>`,
    '</InitialFilterCriteria></ServiceProfile>',
  ].join('');

const changeCriteria = async (report: Report, product: Product, provisioned: Provisioned): Promise<void> => {
  const caller = await newPhone(product, provisioned.user, 'udp', { password: PASSWORD });
  const callee = await registeredPhone(report, product, 'callee');
  const server = 'sip:new-criterion.ims.test';
  try {
    checkStatus(report, 'the caller registers', await caller.register(), 200);
    const first = await checkCallBetween(report, caller, callee, 'before the change');
    const url = `${provisioned.serviceProfile}/filter_criteria`;
    await put(report, product, 'the criteria are changed', url, criterion(server), 'application/xml');
    const second = await checkCallBetween(report, caller, callee, 'after the change');
    const [told, toldAfter] = [
      await runHistory(product, 'call', first),
      await runHistory(product, 'call', second),
    ];
    report.check(
      'the first call knew nothing of it',
      told.code === 0 && !told.text.includes('new-criterion'),
      told.text,
    );
    report.check('the next call was judged by it', toldAfter.text.includes('new-criterion'), toldAfter.text);
  } finally {
    caller.close();
    callee.close();
  }
};

export const line: Line = {
  async run(report) {
    await withProduct({}, async (product) => {
      await changePassword(report, product, await provisionUser(product, userOf('pat')));
      await changeCriteria(report, product, await provisionUser(product, userOf('chris')));
    });
    await checkTests(report, 'provisioning API', ['apps/homestead-prov/src/http-'], { atLeast: 25 });
    await checkTests(report, 'crash at each step', ['apps/homestead-prov/src/crash'], { atLeast: 1 });
    await checkTests(report, 'Homestead API', ['apps/homestead/'], { atLeast: 10 });
    await checkTests(
      report,
      'filter criteria',
      ['libs/domain/src/filter-criteria', 'libs/homestead-client'],
      { atLeast: 30 },
    );
  },
};
