// The simservs document as XML Schema: TS 24.623 §6.2, with the services of TS 24.604 (diversion), 24.607, 24.608 (identities),
// 24.610, 24.611 (barring), 24.615 (waiting). Written from those documents. Read by usages.ts.
import { COMMON_POLICY_NAMESPACE } from './common-schemas.js';

export const SIMSERVS_NAMESPACE = 'http://uri.etsi.org/ngn/params/xml/simservs/xcap';

/** Services that are switched on and off and say no more. */
const PLAIN = [
  'originating-identity-presentation',
  'terminating-identity-presentation',
  'communication-waiting',
  'communication-hold',
  'conference',
  'malicious-communication-identification',
  'explicit-communication-transfer',
  'advice-of-charge',
];
const RESTRICTIONS = [
  'originating-identity-presentation-restriction',
  'terminating-identity-presentation-restriction',
];
const BARRINGS = ['incoming-communication-barring', 'outgoing-communication-barring'];
/** Conditions that hold or not (TS 24.604 §4.9.1.3, TS 24.611 §4.9.1.3). */
const CONDITIONS = [
  'anonymous', 'rule-deactivated', 'not-registered', 'busy', 'no-answer', 'not-reachable', 'unconditional', 'roaming', 'international',
  'international-exHC', 'communication-diverted', 'other-identity',
]; // prettier-ignore
/** What a diversion tells to whom (TS 24.604 §4.9.1.4). */
const TOLD = [
  'notify-caller', 'reveal-identity-to-caller', 'reveal-served-user-identity-to-caller', 'notify-served-user',
  'notify-served-user-on-outbound-call', 'reveal-identity-to-target',
]; // prettier-ignore

const elements = (names: readonly string[], type: string, group = ''): string =>
  names.map((name) => `  <xs:element name="${name}" type="ss:${type}"${group}/>\n`).join('');
const SERVICE = ' substitutionGroup="ss:absService"';

export const SIMSERVS_XSD = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema targetNamespace="${SIMSERVS_NAMESPACE}" xmlns:ss="${SIMSERVS_NAMESPACE}" xmlns:cp="${COMMON_POLICY_NAMESPACE}"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified" attributeFormDefault="unqualified">
  <xs:import namespace="${COMMON_POLICY_NAMESPACE}" schemaLocation="common-policy.xsd"/>
  <xs:element name="simservs">
    <xs:complexType>
      <xs:sequence>
        <xs:element ref="ss:absService" minOccurs="0" maxOccurs="unbounded"/>
        <xs:element name="extensions" type="ss:extensionsType" minOccurs="0"/>
      </xs:sequence>
      <xs:anyAttribute namespace="##any" processContents="lax"/>
    </xs:complexType>
  </xs:element>
  <xs:complexType name="extensionsType">
    <xs:sequence><xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  </xs:complexType>
  <xs:element name="absService" abstract="true" type="ss:simservType"/>
  <xs:complexType name="simservType">
    <xs:attribute name="active" type="xs:boolean" default="true"/>
    <xs:anyAttribute namespace="##any" processContents="lax"/>
  </xs:complexType>
${elements(PLAIN, 'simservType', SERVICE)}
  <xs:complexType name="restrictionType"><xs:complexContent><xs:extension base="ss:simservType"><xs:sequence>
    <xs:element name="default-behaviour" default="presentation-restricted" minOccurs="0">
      <xs:simpleType><xs:restriction base="xs:string">
        <xs:enumeration value="presentation-restricted"/>
        <xs:enumeration value="presentation-not-restricted"/>
      </xs:restriction></xs:simpleType>
    </xs:element>
  </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
${elements(RESTRICTIONS, 'restrictionType', SERVICE)}
  <xs:complexType name="barringType"><xs:complexContent><xs:extension base="ss:simservType"><xs:sequence>
    <xs:element ref="cp:ruleset" minOccurs="0"/>
  </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
${elements(BARRINGS, 'barringType', SERVICE)}
  <xs:complexType name="diversionType"><xs:complexContent><xs:extension base="ss:simservType"><xs:sequence>
    <xs:element name="NoReplyTimer" minOccurs="0">
      <xs:simpleType><xs:restriction base="xs:positiveInteger">
        <xs:minInclusive value="5"/><xs:maxInclusive value="180"/>
      </xs:restriction></xs:simpleType>
    </xs:element>
    <xs:element ref="cp:ruleset" minOccurs="0"/>
  </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
${elements(['communication-diversion'], 'diversionType', SERVICE)}
  <xs:complexType name="conditionType"/>
${elements(CONDITIONS, 'conditionType')}
  <xs:element name="media" type="xs:string"/>
  <xs:element name="presence-status" type="xs:string"/>
  <xs:element name="allow" type="xs:boolean"/>
  <xs:element name="forward-to" type="ss:forwardType"/>
  <xs:simpleType name="toldType"><xs:restriction base="xs:string">
    <xs:enumeration value="true"/><xs:enumeration value="false"/><xs:enumeration value="1"/><xs:enumeration value="0"/>
    <xs:enumeration value="not-reveal-GRUU"/>
  </xs:restriction></xs:simpleType>
  <xs:complexType name="forwardType"><xs:sequence>
    <xs:element name="target" type="xs:anyURI"/>
    <xs:choice minOccurs="0" maxOccurs="unbounded">
${elements(TOLD, 'toldType')}    </xs:choice>
  </xs:sequence></xs:complexType>
</xs:schema>
`;
