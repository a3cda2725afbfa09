// The messages that peers exchange between themselves, written: CER/CEA, DWR/DWA, DPR/DPA. RFC 6733 §5.3–5.5.
import { FLAG } from '../codec/header.js';
import { RESULT } from '../codec/result-codes.js';
import { answerHeader } from '../message/answer.js';
import type { Message } from '../message/message.js';
import { type Body, writeMessage } from '../message/write-message.js';
import { capabilitiesBody, identityBody, type LocalNode } from './capabilities.js';
import type { Ids } from './ids.js';

export const CAPABILITIES = 257;
export const WATCHDOG = 280;
export const DISCONNECT = 282;

/** Disconnect-Cause, §5.4.3. */
export const CAUSE = { REBOOTING: 0, BUSY: 1, DO_NOT_WANT_TO_TALK_TO_YOU: 2 } as const;

export type Written = Readonly<{ hopByHop: number; bytes: Buffer }>;

const request = (ids: Ids, command: number, body: Body): Written => {
  const hopByHop = ids.hopByHop();
  const header = { flags: FLAG.request, command, applicationId: 0, hopByHop, endToEnd: ids.endToEnd() };
  return { hopByHop, bytes: writeMessage(header, body) };
};

export const capabilitiesRequest = (local: LocalNode, ids: Ids): Written =>
  request(ids, CAPABILITIES, capabilitiesBody(local));

export const watchdogRequest = (local: LocalNode, ids: Ids): Written =>
  request(ids, WATCHDOG, { ...identityBody(local), 'Origin-State-Id': local.originStateId });

export const disconnectRequest = (local: LocalNode, ids: Ids, cause: number): Written =>
  request(ids, DISCONNECT, { ...identityBody(local), 'Disconnect-Cause': cause });

const SUCCESS: Body = { 'Result-Code': RESULT.DIAMETER_SUCCESS };

export const capabilitiesAnswer = (cer: Message, local: LocalNode): Buffer =>
  writeMessage(answerHeader(cer), { ...SUCCESS, ...capabilitiesBody(local) });

export const watchdogAnswer = (dwr: Message, local: LocalNode): Buffer =>
  writeMessage(answerHeader(dwr), {
    ...SUCCESS,
    ...identityBody(local),
    'Origin-State-Id': local.originStateId,
  });

export const disconnectAnswer = (dpr: Message, local: LocalNode): Buffer =>
  writeMessage(answerHeader(dpr), { ...SUCCESS, ...identityBody(local) });
