// Phones that register at a rate, and whether what they were told 200 OK for is still there. Used by lines that kill or overload.
import { statusOf } from '#libs/testkit';
import { sleep } from '../harness/children.js';
import { type Fleet, forEachAtOnce, markOf } from '../harness/fleet.js';
import { contactsOf, type Phone } from '../harness/phone.js';
import type { Report } from './line.js';

const QUERIES_AT_ONCE = 50;
const BURST_MS = 10;

/** What each phone was last told 200 for: the mark of its Contact. */
export type Acknowledged = Map<Phone, string>;

/** Registers one phone after the other at the rate until stopped; returns how many were sent. */
export const registerSteadily = async (
  fleet: Fleet,
  round: number,
  acknowledged: Acknowledged,
  { perS, running }: Readonly<{ perS: number; running: () => boolean }>,
): Promise<number> => {
  let sent = 0;
  const startMs = performance.now();
  while (running() && sent < fleet.phones.length) {
    const due = ((performance.now() - startMs) / 1000) * perS;
    for (; sent < due && sent < fleet.phones.length; sent += 1) {
      const phone = fleet.phones[sent] as Phone;
      const contact = fleet.contact(phone, round);
      phone.register({ contact }).then(
        (response) => {
          if (statusOf(response) === 200) acknowledged.set(phone, String(round));
        },
        () => undefined, // abandoned when the product was killed
      );
    }
    await sleep(BURST_MS);
  }
  return sent;
};

/** Asks for the bindings of every phone that was told 200. */
export const countLost = async (report: Report, acknowledged: Acknowledged): Promise<number> => {
  let lost = 0;
  await forEachAtOnce([...acknowledged], QUERIES_AT_ONCE, async ([phone, mark]) => {
    const response = await phone.register({ contact: undefined });
    const marks = contactsOf(response).map(markOf);
    // A registration that was under way at the kill may have been made durable without its answer.
    const found = marks.some((found) => found !== undefined && Number(found) >= Number(mark));
    if (statusOf(response) === 200 && found) return;
    lost += 1;
    if (lost <= 3)
      report.note(`${phone.user.name}: acknowledged ${mark}, found ${marks.join(',')}: ${response}`);
  });
  return lost;
};
