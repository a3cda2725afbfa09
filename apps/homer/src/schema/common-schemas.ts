// Schemas that others build on, as XML Schema: common policy (RFC 4745 §7, §13), and the one attribute of the XML namespace that is used.
// Written from those documents. Read by usages.ts.

export const COMMON_POLICY_NAMESPACE = 'urn:ietf:params:xml:ns:common-policy';

export const XML_XSD = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema targetNamespace="http://www.w3.org/XML/1998/namespace" xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:attribute name="lang" type="xs:language"/>
</xs:schema>
`;

export const COMMON_POLICY_XSD = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema targetNamespace="${COMMON_POLICY_NAMESPACE}" xmlns:cp="${COMMON_POLICY_NAMESPACE}"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified" attributeFormDefault="unqualified">
  <xs:element name="ruleset">
    <xs:complexType><xs:sequence>
      <xs:element name="rule" type="cp:ruleType" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType>
  </xs:element>
  <xs:complexType name="ruleType">
    <xs:sequence>
      <xs:element name="conditions" type="cp:conditionsType" minOccurs="0"/>
      <xs:element name="actions" type="cp:extensibleType" minOccurs="0"/>
      <xs:element name="transformations" type="cp:extensibleType" minOccurs="0"/>
    </xs:sequence>
    <xs:attribute name="id" type="xs:ID" use="required"/>
  </xs:complexType>
  <xs:complexType name="conditionsType">
    <xs:choice minOccurs="0" maxOccurs="unbounded">
      <xs:element name="identity" type="cp:identityType"/>
      <xs:element name="sphere" type="cp:sphereType"/>
      <xs:element name="validity" type="cp:validityType"/>
      <xs:any namespace="##other" processContents="lax"/>
    </xs:choice>
  </xs:complexType>
  <xs:complexType name="identityType">
    <xs:choice maxOccurs="unbounded">
      <xs:element name="one" type="cp:oneType"/>
      <xs:element name="many" type="cp:manyType"/>
      <xs:any namespace="##other" processContents="lax"/>
    </xs:choice>
  </xs:complexType>
  <xs:complexType name="oneType">
    <xs:sequence><xs:any namespace="##other" processContents="lax" minOccurs="0"/></xs:sequence>
    <xs:attribute name="id" type="xs:anyURI" use="required"/>
  </xs:complexType>
  <xs:complexType name="manyType">
    <xs:choice minOccurs="0" maxOccurs="unbounded">
      <xs:element name="except" type="cp:exceptType"/>
      <xs:any namespace="##other" processContents="lax"/>
    </xs:choice>
    <xs:attribute name="domain" type="xs:string"/>
  </xs:complexType>
  <xs:complexType name="exceptType">
    <xs:attribute name="domain" type="xs:string"/>
    <xs:attribute name="id" type="xs:anyURI"/>
  </xs:complexType>
  <xs:complexType name="sphereType"><xs:attribute name="value" type="xs:string" use="required"/></xs:complexType>
  <xs:complexType name="validityType">
    <xs:sequence maxOccurs="unbounded">
      <xs:element name="from" type="xs:dateTime"/>
      <xs:element name="until" type="xs:dateTime"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="extensibleType">
    <xs:sequence><xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  </xs:complexType>
</xs:schema>
`;
