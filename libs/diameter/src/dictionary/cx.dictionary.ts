// Dictionary of Cx and Dx (the same application): AVPs and commands as data. TS 29.229 §6; digest AVPs of RFC 7155/4590.
// Rows: code, type, M where the M bit must be set, then the group's grammar or the values.
import { NOT_IN_REQUESTS } from './base-protocol.dictionary.js';
import type { AvpRows } from './rows.js';

export const VENDOR_3GPP = 10_415;
export const CX_APPLICATION = 16_777_216;

const CHARGING = '[ Primary-Event-Charging-Function-Name ] [ Secondary-Event-Charging-Function-Name ] [ Primary-Charging-Collection-Function-Name ] [ Secondary-Charging-Collection-Function-Name ] * [ AVP ]'; // prettier-ignore

export const CX_AVPS = {
  'Visited-Network-Identifier': [600, 'OctetString', 'M'],
  'Public-Identity': [601, 'UTF8String', 'M'],
  'Server-Name': [602, 'UTF8String', 'M'],
  'Server-Capabilities': [603, 'Grouped', 'M', '* [ Mandatory-Capability ] * [ Optional-Capability ] * [ Server-Name ] * [ AVP ]'],
  'Mandatory-Capability': [604, 'Unsigned32', 'M'],
  'Optional-Capability': [605, 'Unsigned32', 'M'],
  'User-Data': [606, 'OctetString', 'M'],
  'SIP-Number-Auth-Items': [607, 'Unsigned32', 'M'],
  'SIP-Authentication-Scheme': [608, 'UTF8String', 'M'],
  'SIP-Authenticate': [609, 'OctetString', 'M'],
  'SIP-Authorization': [610, 'OctetString', 'M'],
  'SIP-Authentication-Context': [611, 'OctetString', 'M'],
  'SIP-Auth-Data-Item': [612, 'Grouped', 'M', '[ SIP-Item-Number ] [ SIP-Authentication-Scheme ] [ SIP-Authenticate ] [ SIP-Authorization ] [ SIP-Authentication-Context ] [ Confidentiality-Key ] [ Integrity-Key ] [ SIP-Digest-Authenticate ] * [ AVP ]'],
  'SIP-Item-Number': [613, 'Unsigned32', 'M'],
  'Server-Assignment-Type': [614, 'Enumerated', 'M', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]],
  'Deregistration-Reason': [615, 'Grouped', 'M', '{ Reason-Code } [ Reason-Info ] * [ AVP ]'],
  'Reason-Code': [616, 'Enumerated', 'M'],
  'Reason-Info': [617, 'UTF8String', 'M'],
  'Charging-Information': [618, 'Grouped', 'M', CHARGING],
  'Primary-Event-Charging-Function-Name': [619, 'DiameterURI', 'M'],
  'Secondary-Event-Charging-Function-Name': [620, 'DiameterURI', 'M'],
  'Primary-Charging-Collection-Function-Name': [621, 'DiameterURI', 'M'],
  'Secondary-Charging-Collection-Function-Name': [622, 'DiameterURI', 'M'],
  'User-Authorization-Type': [623, 'Enumerated', 'M', [0, 1, 2]],
  'User-Data-Already-Available': [624, 'Enumerated', 'M', [0, 1]],
  'Confidentiality-Key': [625, 'OctetString', 'M'],
  'Integrity-Key': [626, 'OctetString', 'M'],
  'Supported-Features': [628, 'Grouped', '', '{ Vendor-Id } { Feature-List-ID } { Feature-List } * [ AVP ]'],
  'Feature-List-ID': [629, 'Unsigned32', ''],
  'Feature-List': [630, 'Unsigned32', ''],
  'Supported-Applications': [631, 'Grouped', '', '* [ AVP ]'],
  'Associated-Identities': [632, 'Grouped', '', '* [ User-Name ] * [ AVP ]'],
  'Originating-Request': [633, 'Enumerated', 'M', [0]],
  'Wildcarded-Public-Identity': [634, 'UTF8String', ''],
  'SIP-Digest-Authenticate': [635, 'Grouped', '', '{ Digest-Realm } [ Digest-Algorithm ] { Digest-QoP } { Digest-HA1 } * [ AVP ]'],
  'UAR-Flags': [637, 'Unsigned32', ''],
  'Loose-Route-Indication': [638, 'Enumerated', '', [0, 1]],
  'SCSCF-Restoration-Info': [639, 'Grouped', '', '{ User-Name } 1* { Restoration-Info } [ SIP-Authentication-Scheme ] * [ AVP ]'],
  Path: [640, 'OctetString', ''],
  Contact: [641, 'OctetString', ''],
  'Subscription-Info': [642, 'Grouped', '', '{ Call-ID-SIP-Header } { From } { To } { Record-Route } { Contact } * [ AVP ]'],
  'Call-ID-SIP-Header': [643, 'OctetString', ''],
  From: [644, 'OctetString', ''],
  To: [645, 'OctetString', ''],
  'Record-Route': [646, 'OctetString', ''],
  'Associated-Registered-Groups': [647, 'Grouped', '', '* [ AVP ]'],
  'Multiple-Registration-Indication': [648, 'Enumerated', '', [0, 1]],
  'Restoration-Info': [649, 'Grouped', '', '{ Path } { Contact } [ Subscription-Info ] * [ AVP ]'],
  'Session-Priority': [650, 'Enumerated', '', [0, 1, 2, 3, 4]],
  'Identity-with-Emergency-Registration': [651, 'Grouped', '', '{ User-Name } { Public-Identity } * [ AVP ]'],
  'Priviledged-Sender-Indication': [652, 'Enumerated', '', [0, 1]],
  'LIA-Flags': [653, 'Unsigned32', ''],
  'SAR-Flags': [655, 'Unsigned32', ''],
} as const satisfies AvpRows; // prettier-ignore

/** In SIP-Digest-Authenticate; of vendor 0, which some servers write as 10415. */
export const DIGEST_AVPS = {
  'Digest-Realm': [104, 'UTF8String', 'M'],
  'Digest-QoP': [110, 'UTF8String', 'M'],
  'Digest-Algorithm': [111, 'UTF8String', 'M'],
  'Digest-HA1': [121, 'UTF8String', 'M'],
} as const satisfies AvpRows;

const request = (short: string, code: number, members: string, host = '[ Destination-Host ]'): string =>
  `<${short}> ::= < Diameter Header: ${code}, REQ, PXY > < Session-Id > { Vendor-Specific-Application-Id } { Auth-Session-State }
     { Origin-Host } { Origin-Realm } ${host} { Destination-Realm } ${members} * [ Supported-Features ] * [ Proxy-Info ]
     * [ Route-Record ] ${NOT_IN_REQUESTS} * [ AVP ]`;

const answer = (short: string, code: number, members: string): string =>
  `<${short}> ::= < Diameter Header: ${code}, PXY > < Session-Id > { Vendor-Specific-Application-Id } [ Result-Code ]
     [ Experimental-Result ] { Auth-Session-State } { Origin-Host } { Origin-Realm } ${members} * [ Supported-Features ]
     [ Failed-AVP ] * [ Proxy-Info ] * [ AVP ]`;

/** TS 29.229 §6.1. */
export const CX_COMMANDS = [
  request('UAR', 300, '{ User-Name } { Public-Identity } { Visited-Network-Identifier } [ User-Authorization-Type ] [ UAR-Flags ]'),
  answer('UAA', 300, '[ Server-Name ] [ Server-Capabilities ]'),
  request('SAR', 301, '[ User-Name ] * [ Public-Identity ] [ Wildcarded-Public-Identity ] { Server-Name } { Server-Assignment-Type } { User-Data-Already-Available } [ SCSCF-Restoration-Info ] [ Multiple-Registration-Indication ] [ Session-Priority ] [ SAR-Flags ]'),
  answer('SAA', 301, '[ User-Data ] [ Charging-Information ] [ Associated-Identities ] [ Loose-Route-Indication ] * [ SCSCF-Restoration-Info ] [ Associated-Registered-Groups ] [ Server-Name ] [ Wildcarded-Public-Identity ] [ Priviledged-Sender-Indication ]'),
  request('LIR', 302, '[ Originating-Request ] { Public-Identity } [ User-Authorization-Type ] [ Session-Priority ]'),
  answer('LIA', 302, '[ Server-Name ] [ Server-Capabilities ] [ Wildcarded-Public-Identity ] [ LIA-Flags ]'),
  request('MAR', 303, '{ User-Name } { Public-Identity } { SIP-Auth-Data-Item } { SIP-Number-Auth-Items } { Server-Name }'),
  answer('MAA', 303, '[ User-Name ] [ Public-Identity ] [ SIP-Number-Auth-Items ] * [ SIP-Auth-Data-Item ]'),
  request('RTR', 304, '{ User-Name } [ Associated-Identities ] * [ Public-Identity ] { Deregistration-Reason }', '{ Destination-Host }'),
  answer('RTA', 304, '[ Associated-Identities ] * [ Identity-with-Emergency-Registration ]'),
  request('PPR', 305, '{ User-Name } [ User-Data ] [ Charging-Information ] [ SIP-Auth-Data-Item ]', '{ Destination-Host }'),
  answer('PPA', 305, ''),
]; // prettier-ignore
