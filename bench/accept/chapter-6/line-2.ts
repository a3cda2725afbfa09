// 6.2: Diameter peers that share no code with ours: a freeDiameter CDF, a python-diameter HSS, and Kamailio's cdp as a Cx client of our HSS.
import { type HssResult, SCSCF, startForeignIcscf } from './foreign-icscf.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const PEERS = [
  { what: 'a freeDiameter CDF takes 10,000 ACRs', path: 'freediameter.int-spec' },
  { what: 'a python-diameter HSS', path: 'pydiameter.int-spec' },
] as const;
const TESTS_EACH = 4;

/** What it asks for a SIP request, what our HSS answers, and what it makes of that (TS 29.229 §6.2). */
const QUESTIONS = [
  { method: 'REGISTER', user: 'alice', command: 'UAR', result: 2001, answer: `SIP/2.0 299 ${SCSCF}` },
  { method: 'REGISTER', user: 'nobody', command: 'UAR', result: 5001, answer: 'SIP/2.0 403 ' },
  { method: 'INVITE', user: 'alice', command: 'LIR', result: 5003, answer: 'SIP/2.0 480 ' },
  { method: 'INVITE', user: 'nobody', command: 'LIR', result: 5001, answer: 'SIP/2.0 604 ' },
] as const;

/** Of the base, or of 3GPP. */
const codeOf = (result: HssResult): number | undefined =>
  typeof result === 'number' ? result : result['Experimental-Result-Code'];

const askAll = async (report: Report): Promise<void> => {
  report.note('Kamailio’s I-CSCF asks our HSS');
  const icscf = await startForeignIcscf();
  try {
    for (const { method, user, command, result, answer } of QUESTIONS) {
      const got = await icscf.ask(method, user);
      const asked = icscf.asked().at(-1);
      const code = asked && codeOf(asked.result);
      const what = `${command} of ${method} ${user}`;
      report.check(`${what} is answered ${result}`, asked?.command === command && code === result, `${asked?.command} ${code}`); // prettier-ignore
      report.check(`${what}: Kamailio answers ${answer}`, got.startsWith(answer), got);
    }
  } finally {
    await icscf.dispose();
  }
};

export const line: Line = {
  async run(report) {
    for (const { what, path } of PEERS) await checkTests(report, what, [path], { atLeast: TESTS_EACH });
    // The short form is what continuous integration runs, the first two.
    if (!report.quick) await askAll(report);
  },
};
