// Requests as they come, for the tests of the codec: whole, then changed at one place each.
import { FLAG, type Header } from '../codec/header.js';
import { commandByShort, type RequestShort } from '../dictionary/dictionary.js';
import { type Message, parseMessage } from '../message/message.js';
import { type Body, writeMessage } from '../message/write-message.js';

export const headerOf = (short: RequestShort): Header => {
  const { code, applicationId, isProxiable } = commandByShort(short);
  const flags = FLAG.request | (isProxiable ? FLAG.proxiable : 0);
  return { flags, command: code, applicationId, hopByHop: 0x1234_5678, endToEnd: 0x9abc_def0 };
};

const FROM = { 'Origin-Host': 'client.ims.test', 'Origin-Realm': 'ims.test' } as const;

export const CER: Body = {
  ...FROM,
  'Host-IP-Address': '127.0.0.1',
  'Vendor-Id': 0,
  'Product-Name': 'Clearwater',
  'Acct-Application-Id': 3,
};

export const ACR: Body = {
  'Session-Id': 'client.ims.test;1;2',
  ...FROM,
  'Destination-Realm': 'ims.test',
  'Accounting-Record-Type': 2,
  'Accounting-Record-Number': 1,
  'Acct-Application-Id': 3,
  'Event-Timestamp': 1_900_000_000,
  'Service-Information': {
    'Subscription-Id': [
      { 'Subscription-Id-Type': 2, 'Subscription-Id-Data': 'sip:alice@ims.test' },
      { 'Subscription-Id-Type': 0, 'Subscription-Id-Data': '15551234' },
    ],
    'IMS-Information': {
      'Event-Type': { 'SIP-Method': 'INVITE' },
      'Role-Of-Node': 0,
      'Node-Functionality': 0,
      'Calling-Party-Address': ['sip:alice@ims.test', 'tel:+15551234'],
      'Cause-Code': -1,
    },
  },
};

export const UAR: Body = {
  'Session-Id': 'client.ims.test;1;3',
  'Vendor-Specific-Application-Id': { 'Vendor-Id': 10_415, 'Auth-Application-Id': 16_777_216 },
  'Auth-Session-State': 1,
  ...FROM,
  'Destination-Realm': 'ims.test',
  'User-Name': 'alice@ims.test',
  'Public-Identity': 'sip:alice@ims.test',
  'Visited-Network-Identifier': Buffer.from('ims.test'),
  'User-Authorization-Type': 0,
};

export const written = (short: RequestShort, body: Body, header: Partial<Header> = {}): Buffer =>
  writeMessage({ ...headerOf(short), ...header }, body);

export const parsed = (bytes: Buffer): Message => {
  const read = parseMessage(bytes);
  if (!read.ok) throw new Error(read.fault.reason);
  return read.message;
};
