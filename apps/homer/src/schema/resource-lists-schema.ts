// Resource lists as XML Schema (RFC 4826 §3.2), written from that document. Read by usages.ts.

export const RESOURCE_LISTS_NAMESPACE = 'urn:ietf:params:xml:ns:resource-lists';

const EXTENSIBLE = '<xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>';
const ANY_ATTRIBUTE = '<xs:anyAttribute namespace="##other" processContents="lax"/>';
const DISPLAY_NAME = '<xs:element name="display-name" type="rl:display-nameType" minOccurs="0"/>';

/** A reference: a display name and one attribute that says to what. */
const reference = (name: string, attribute: string, use: string): string => `
  <xs:complexType name="${name}">
    <xs:sequence>${DISPLAY_NAME}${EXTENSIBLE}</xs:sequence>
    <xs:attribute name="${attribute}" type="xs:anyURI" use="${use}"/>
    ${ANY_ATTRIBUTE}
  </xs:complexType>`;

export const RESOURCE_LISTS_XSD = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema targetNamespace="${RESOURCE_LISTS_NAMESPACE}" xmlns:rl="${RESOURCE_LISTS_NAMESPACE}"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified" attributeFormDefault="unqualified">
  <xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="xml.xsd"/>
  <xs:element name="resource-lists">
    <xs:complexType><xs:sequence minOccurs="0" maxOccurs="unbounded">
      <xs:element name="list" type="rl:listType"/>
    </xs:sequence></xs:complexType>
  </xs:element>
  <xs:complexType name="listType">
    <xs:sequence>
      ${DISPLAY_NAME}
      <xs:choice minOccurs="0" maxOccurs="unbounded">
        <xs:element name="list" type="rl:listType"/>
        <xs:element name="external" type="rl:externalType"/>
        <xs:element name="entry" type="rl:entryType"/>
        <xs:element name="entry-ref" type="rl:entry-refType"/>
        <xs:any namespace="##other" processContents="lax"/>
      </xs:choice>
    </xs:sequence>
    <xs:attribute name="name" type="xs:string"/>
    ${ANY_ATTRIBUTE}
  </xs:complexType>
  <xs:complexType name="display-nameType">
    <xs:simpleContent><xs:extension base="xs:string"><xs:attribute ref="xml:lang"/></xs:extension></xs:simpleContent>
  </xs:complexType>${reference('entryType', 'uri', 'required')}${reference('entry-refType', 'ref', 'required')}${reference('externalType', 'anchor', 'optional')}
</xs:schema>
`;
