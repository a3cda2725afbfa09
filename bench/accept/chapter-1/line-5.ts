// 1.5: history tells alice's registrations in order, her bindings at a past moment, and the decisions of a call; while the product
// runs and after it has stopped.
import { randomUUID } from 'node:crypto';
import { sleep } from '../../harness/children.js';
import { type Product, withProduct } from '../../harness/product.js';
import { provisionUser, userOf } from '../../harness/users.js';
import { checkCallBetween, checkStatus, newPhone } from '../checks.js';
import { runHistory } from '../history-run.js';
import type { Line, Report } from '../line.js';

const ALICE = userOf('alice');
const BOB = userOf('bob');
const STREAM = `registration-${ALICE.impu}`;
/** Far enough apart to be told apart by the clock. */
const STEP_MS = 60;

type Moment = Readonly<{ at: string; contacts: number }>;

const moment = async (contacts: number): Promise<Moment> => {
  await sleep(STEP_MS);
  const at = new Date().toISOString();
  await sleep(STEP_MS);
  return { at, contacts };
};

/** alice registers two phones, one leaves, she calls bob; what there was in between. */
const live = async (report: Report, product: Product) => {
  await provisionUser(product, ALICE);
  await provisionUser(product, BOB);
  const desk = await newPhone(product, ALICE, 'udp', { instance: randomUUID() });
  const mobile = await newPhone(product, ALICE, 'tcp', { instance: randomUUID() });
  const bob = await newPhone(product, BOB, 'udp');
  try {
    const before = await moment(0);
    checkStatus(report, "alice's desk phone registers", await desk.register(), 200);
    const one = await moment(1);
    checkStatus(report, "alice's mobile registers", await mobile.register(), 200);
    const two = await moment(2);
    checkStatus(report, 'the desk phone refreshes', await desk.register(), 200);
    checkStatus(report, 'the mobile leaves', await mobile.register({ expires: 0 }), 200);
    const oneAgain = await moment(1);
    checkStatus(report, 'bob registers', await bob.register(), 200);
    const callId = await checkCallBetween(report, desk, bob, 'alice calls bob');
    return { callId, moments: [before, one, two, oneAgain] };
  } finally {
    for (const phone of [desk, mobile, bob]) phone.close();
  }
};

const EXPECTED = ['BindingAdded', 'BindingAdded', 'BindingRefreshed', 'BindingRemoved'];

const countContacts = (text: string): number => new Set(text.match(/sip:alice@[^>"';\s]*/g) ?? []).size;

const judgeStream = async (report: Report, product: Product, when: string): Promise<void> => {
  const shown = await runHistory(product, 'show', STREAM, '--json');
  const types = shown.json.map((event) => event['type']);
  report.check(
    `${when}: her registrations in order`,
    types.join() === EXPECTED.join(),
    `${types.join()} ${shown.text}`,
  );
  const times = shown.json.map((event) => String(event['time']));
  report.check(`${when}: with rising times`, times.join() === [...times].sort().join(), times.join());
  const words = await runHistory(product, 'show', STREAM);
  report.check(
    `${when}: readable`,
    words.code === 0 && words.text.split('\n').filter(Boolean).length >= 4,
    words.text,
  );
};

const judgeMoments = async (report: Report, product: Product, moments: readonly Moment[]): Promise<void> => {
  for (const { at, contacts } of moments) {
    const state = await runHistory(product, 'state', STREAM, '--at', at);
    const found = countContacts(state.text.replaceAll(STREAM, '').replaceAll(ALICE.impu, ''));
    report.check(
      `at ${at}: ${contacts} bindings`,
      state.code === 0 && found === contacts,
      `${found}: ${state.text}`,
    );
  }
};

export const line: Line = {
  async run(report) {
    await withProduct({}, async (product) => {
      const { callId, moments } = await live(report, product);
      await judgeStream(report, product, 'while it runs');
      await judgeMoments(report, product, moments);
      const call = await runHistory(product, 'call', callId);
      for (const part of ['alice', 'bob', '200']) {
        report.check(`the call's story has ${part}`, call.code === 0 && call.text.includes(part), call.text);
      }
      report.figure('callStoryLines', call.text.split('\n').length);
      const secrets = await runHistory(product, 'tail', '-n', '10000', '--json');
      report.check(
        'no secret in the log',
        !/"?(ha1|password|response="|nonce)/i.test(secrets.text),
        'found one',
      );
      await product.stop();
      await judgeStream(report, product, 'after it has stopped');
      report.figure('events', secrets.json.length);
    });
  },
};
