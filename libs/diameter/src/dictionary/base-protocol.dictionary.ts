// Dictionary of the base protocol: AVPs and commands as data. RFC 6733 §4.5, §5.3–5.5, §9.7, §10; Subscription-Id and
// Service-Context-Id of RFC 4006. Rows: code, type, M where the M bit must be set, then the group's grammar or the values.
import type { AvpRows } from './rows.js';

export const BASE_APPLICATION = 0;
export const ACCOUNTING_APPLICATION = 3;
export const RELAY_APPLICATION = 0xffff_ffff;

export const BASE_AVPS = {
  'User-Name': [1, 'UTF8String', 'M'],
  Class: [25, 'OctetString', 'M'],
  'Session-Timeout': [27, 'Unsigned32', 'M'],
  'Proxy-State': [33, 'OctetString', 'M'],
  'Acct-Session-Id': [44, 'OctetString', 'M'],
  'Acct-Multi-Session-Id': [50, 'UTF8String', 'M'],
  'Event-Timestamp': [55, 'Time', 'M'],
  'Acct-Interim-Interval': [85, 'Unsigned32', 'M'],
  'Host-IP-Address': [257, 'Address', 'M'],
  'Auth-Application-Id': [258, 'Unsigned32', 'M'],
  'Acct-Application-Id': [259, 'Unsigned32', 'M'],
  'Vendor-Specific-Application-Id': [260, 'Grouped', 'M', '{ Vendor-Id } [ Auth-Application-Id ] [ Acct-Application-Id ] * [ AVP ]'],
  'Redirect-Host-Usage': [261, 'Enumerated', 'M', [0, 1, 2, 3, 4, 5, 6]],
  'Redirect-Max-Cache-Time': [262, 'Unsigned32', 'M'],
  'Session-Id': [263, 'UTF8String', 'M'],
  'Origin-Host': [264, 'DiameterIdentity', 'M'],
  'Supported-Vendor-Id': [265, 'Unsigned32', 'M'],
  'Vendor-Id': [266, 'Unsigned32', 'M'],
  'Firmware-Revision': [267, 'Unsigned32', ''],
  'Result-Code': [268, 'Unsigned32', 'M'],
  'Product-Name': [269, 'UTF8String', ''],
  'Session-Binding': [270, 'Unsigned32', 'M'],
  'Session-Server-Failover': [271, 'Enumerated', 'M', [0, 1, 2, 3]],
  'Multi-Round-Time-Out': [272, 'Unsigned32', 'M'],
  'Disconnect-Cause': [273, 'Enumerated', 'M', [0, 1, 2]],
  'Auth-Request-Type': [274, 'Enumerated', 'M', [1, 2, 3]],
  'Auth-Grace-Period': [276, 'Unsigned32', 'M'],
  'Auth-Session-State': [277, 'Enumerated', 'M', [0, 1]],
  'Origin-State-Id': [278, 'Unsigned32', 'M'],
  'Failed-AVP': [279, 'Grouped', 'M', '* [ AVP ]'],
  'Proxy-Host': [280, 'DiameterIdentity', 'M'],
  'Error-Message': [281, 'UTF8String', ''],
  'Route-Record': [282, 'DiameterIdentity', 'M'],
  'Destination-Realm': [283, 'DiameterIdentity', 'M'],
  'Proxy-Info': [284, 'Grouped', 'M', '{ Proxy-Host } { Proxy-State } * [ AVP ]'],
  'Re-Auth-Request-Type': [285, 'Enumerated', 'M', [0, 1]],
  'Accounting-Sub-Session-Id': [287, 'Unsigned64', 'M'],
  'Authorization-Lifetime': [291, 'Unsigned32', 'M'],
  'Redirect-Host': [292, 'DiameterURI', 'M'],
  'Destination-Host': [293, 'DiameterIdentity', 'M'],
  'Error-Reporting-Host': [294, 'DiameterIdentity', ''],
  'Termination-Cause': [295, 'Enumerated', 'M', [1, 2, 3, 4, 5, 6, 7, 8]],
  'Origin-Realm': [296, 'DiameterIdentity', 'M'],
  'Experimental-Result': [297, 'Grouped', 'M', '{ Vendor-Id } { Experimental-Result-Code } * [ AVP ]'],
  'Experimental-Result-Code': [298, 'Unsigned32', 'M'],
  'Inband-Security-Id': [299, 'Unsigned32', 'M'],
  'Subscription-Id': [443, 'Grouped', 'M', '{ Subscription-Id-Type } { Subscription-Id-Data } * [ AVP ]'],
  'Subscription-Id-Data': [444, 'UTF8String', 'M'],
  'Subscription-Id-Type': [450, 'Enumerated', 'M', [0, 1, 2, 3, 4]],
  'Service-Context-Id': [461, 'UTF8String', 'M'],
  'Accounting-Record-Type': [480, 'Enumerated', 'M', [1, 2, 3, 4]],
  'Accounting-Realtime-Required': [483, 'Enumerated', 'M', [1, 2, 3]],
  'Accounting-Record-Number': [485, 'Unsigned32', 'M'],
} as const satisfies AvpRows; // prettier-ignore

/** What the tables of §10.1 have 0 for in the messages between peers. */
const NOT_BETWEEN_PEERS = '*0 [ Session-Id ] *0 [ Destination-Host ] *0 [ Destination-Realm ] *0 [ User-Name ] *0 [ Proxy-Info ] *0 [ Route-Record ] *0 [ Auth-Session-State ] *0 [ Redirect-Host ]'; // prettier-ignore
/** What says how a request went has no place in a request. */
export const NOT_IN_REQUESTS = '*0 [ Result-Code ] *0 [ Experimental-Result ] *0 [ Failed-AVP ] *0 [ Error-Message ] *0 [ Error-Reporting-Host ]'; // prettier-ignore

/** Between peers, application 0: §5.3, §5.4, §5.5. */
export const PEER_COMMANDS = [
  `<CER> ::= < Diameter Header: 257, REQ > { Origin-Host } { Origin-Realm } 1* { Host-IP-Address } { Vendor-Id } { Product-Name }
     [ Origin-State-Id ] * [ Supported-Vendor-Id ] * [ Auth-Application-Id ] * [ Inband-Security-Id ] * [ Acct-Application-Id ]
     * [ Vendor-Specific-Application-Id ] [ Firmware-Revision ] ${NOT_BETWEEN_PEERS} ${NOT_IN_REQUESTS} * [ AVP ]`,
  `<CEA> ::= < Diameter Header: 257 > { Result-Code } { Origin-Host } { Origin-Realm } 1* { Host-IP-Address } { Vendor-Id }
     { Product-Name } [ Origin-State-Id ] [ Error-Message ] [ Failed-AVP ] * [ Supported-Vendor-Id ] * [ Auth-Application-Id ]
     * [ Inband-Security-Id ] * [ Acct-Application-Id ] * [ Vendor-Specific-Application-Id ] [ Firmware-Revision ] * [ AVP ]`,
  `<DPR> ::= < Diameter Header: 282, REQ > { Origin-Host } { Origin-Realm } { Disconnect-Cause } ${NOT_BETWEEN_PEERS} ${NOT_IN_REQUESTS} * [ AVP ]`,
  `<DPA> ::= < Diameter Header: 282 > { Result-Code } { Origin-Host } { Origin-Realm } [ Error-Message ] [ Failed-AVP ] * [ AVP ]`,
  `<DWR> ::= < Diameter Header: 280, REQ > { Origin-Host } { Origin-Realm } [ Origin-State-Id ] ${NOT_BETWEEN_PEERS} ${NOT_IN_REQUESTS} * [ AVP ]`,
  `<DWA> ::= < Diameter Header: 280 > { Result-Code } { Origin-Host } { Origin-Realm } [ Error-Message ] [ Failed-AVP ]
     [ Origin-State-Id ] * [ AVP ]`,
] as const; // prettier-ignore

/** Accounting, application 3: §9.7. Rf is this with what TS 32.299 puts into it. */
export const ACCOUNTING_COMMANDS = [
  `<ACR> ::= < Diameter Header: 271, REQ, PXY > < Session-Id > { Origin-Host } { Origin-Realm } { Destination-Realm }
     { Accounting-Record-Type } { Accounting-Record-Number } [ Acct-Application-Id ] [ Vendor-Specific-Application-Id ] [ User-Name ]
     [ Destination-Host ] [ Accounting-Sub-Session-Id ] [ Acct-Session-Id ] [ Acct-Multi-Session-Id ] [ Acct-Interim-Interval ]
     [ Accounting-Realtime-Required ] [ Origin-State-Id ] [ Event-Timestamp ] * [ Proxy-Info ] * [ Route-Record ]
     [ Service-Context-Id ] [ Service-Information ] *0 [ Auth-Application-Id ] ${NOT_IN_REQUESTS} * [ AVP ]`,
  `<ACA> ::= < Diameter Header: 271, PXY > < Session-Id > { Result-Code } { Origin-Host } { Origin-Realm } { Accounting-Record-Type }
     { Accounting-Record-Number } [ Acct-Application-Id ] [ Vendor-Specific-Application-Id ] [ User-Name ]
     [ Accounting-Sub-Session-Id ] [ Acct-Session-Id ] [ Acct-Multi-Session-Id ] [ Error-Message ] [ Error-Reporting-Host ]
     [ Failed-AVP ] [ Acct-Interim-Interval ] [ Accounting-Realtime-Required ] [ Origin-State-Id ] [ Event-Timestamp ]
     * [ Proxy-Info ] * [ AVP ]`,
] as const;
