export * from './homestead.port.js';
export * from './criteria-files.js';
export * from './ims-subscription.js';
export { child, children, has, parseXml, text, type Parsed, type XmlNode } from './xml-tree.js';
export * from './simservs-xml.js';
export * from './homestead-json.js';
export * from './reg-data-xml.js';
export * from './http.homestead.js';
export * from './connect-homestead.js';
