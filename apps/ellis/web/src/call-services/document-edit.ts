// Changes of a document as splices of its text, so that what is beside them stays byte for byte. New elements take the prefixes that are
// declared where they go. Pure. Used by write-settings.ts.
import { namespacesInScope, type XmlElement } from '#libs/xcap';

export const SIMSERVS_NS = 'http://uri.etsi.org/ngn/params/xml/simservs/xcap';
export const POLICY_NS = 'urn:ietf:params:xml:ns:common-policy';

/** Qualified names of both vocabularies at a place, and what has to be declared there first. */
export type Names = Readonly<{ ss: string; cp: string; declarations: string }>;

export type Edit = Readonly<{ start: number; end: number; text: string }>;

export const escapeXml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** For elements that go into `parent`. */
export const namesAt = (parent: XmlElement): Names => {
  const scope = Object.entries(namespacesInScope(parent));
  const prefixOf = (uri: string): string | undefined => scope.find(([, bound]) => bound === uri)?.[0];
  const [ss, cp] = [prefixOf(SIMSERVS_NS), prefixOf(POLICY_NS)];
  const declare = (prefix: string, uri: string): string => ` xmlns:${prefix}="${uri}"`;
  const prefixed = (prefix: string): string => (prefix === '' ? '' : `${prefix}:`);
  return {
    ss: prefixed(ss ?? 'ss'),
    cp: prefixed(cp ?? 'cp'),
    declarations: `${ss === undefined ? declare('ss', SIMSERVS_NS) : ''}${cp === undefined ? declare('cp', POLICY_NS) : ''}`,
  };
};

/** Collects edits of one text, and makes them all at once. Those at one place keep their order. */
export class DocumentEdit {
  readonly #edits: Edit[] = [];
  /** What goes to the end of an element; an element may be written as an empty tag, so once for all of it. */
  readonly #appended = new Map<XmlElement, string>();

  constructor(private readonly xml: string) {}

  remove(element: XmlElement): void {
    this.replace(element, '');
  }

  replace({ start, end }: XmlElement, text: string): void {
    this.#edits.push({ start, end, text });
  }

  append(element: XmlElement, text: string): void {
    this.#appended.set(element, (this.#appended.get(element) ?? '') + text);
  }

  prepend(element: XmlElement, text: string): void {
    if (element.closeStart === undefined) this.append(element, text);
    else this.insert(element.openEnd, text);
  }

  insert(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text });
  }

  setText(element: XmlElement, text: string): void {
    const { openEnd, closeStart } = element;
    if (closeStart === undefined) this.append(element, escapeXml(text));
    else this.#edits.push({ start: openEnd, end: closeStart, text: escapeXml(text) });
  }

  setActive(service: XmlElement): void {
    const attribute = service.attributes.find(({ local }) => local === 'active');
    if (attribute === undefined) return;
    this.#edits.push({ start: attribute.valueStart, end: attribute.end, text: '"true"' });
  }

  apply(): string {
    const { xml } = this;
    const ends = [...this.#appended].map(([element, text]): Edit => {
      const { closeStart, openEnd, name } = element;
      if (closeStart !== undefined) return { start: closeStart, end: closeStart, text };
      const slash = xml.lastIndexOf('/', openEnd - 1);
      return { start: slash, end: openEnd, text: `>${text}</${name}>` };
    });
    const edits = [...this.#edits, ...ends]
      .map((edit, order) => ({ ...edit, order }))
      .sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
    let made = '';
    let at = 0;
    for (const { start, end, text } of edits) {
      made += xml.slice(at, start) + text;
      at = end;
    }
    return made + xml.slice(at);
  }
}
