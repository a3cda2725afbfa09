// Which records of calls are missing, and which are there twice.
import type { WrittenRecord } from '../harness/charging.js';
import { judgeRecords } from './charged.js';

const record = (callId: string, side: number, recordType: 'START' | 'STOP', more: Partial<WrittenRecord> = {}): WrittenRecord => ({
  receivedAt: '', duplicate: false, retransmitted: false, sessionId: `${callId}/${side}`, recordType, recordNumber: 1,
  avps: { 'Service-Information': { 'IMS-Information': { 'User-Session-Id': callId } } }, ...more,
}); // prettier-ignore
const CALL = [0, 1].flatMap((side) => [record('a', side, 'START'), record('a', side, 'STOP')]);
const calls = new Set(['a']);

it('takes a START and a STOP of each side for all that a call should bring', () => {
  expect(judgeRecords(CALL, calls)).toMatchObject({ missing: [], doubled: [] });
  expect(judgeRecords(CALL.slice(1), calls)).toMatchObject({ missing: ['a START'], doubled: [] });
  expect(judgeRecords([...CALL, record('a', 2, 'STOP')], calls).doubled).toEqual(['a STOP 3 times']);
});

it('takes a record that came again for doubled only where it does not say so', () => {
  const again = { duplicate: true, retransmitted: true };
  expect(judgeRecords([...CALL, record('a', 0, 'START', again)], calls).doubled).toEqual([]);
  const unmarked = record('a', 0, 'START', { duplicate: true });
  expect(judgeRecords([...CALL, unmarked], calls).doubled).toHaveLength(1);
});
