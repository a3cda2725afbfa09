// What a schema says of names, read from its text: its namespace, and the elements that it declares anywhere. Readers: validate.ts,
// configured-usages.ts. The schema itself is judged by the validator.

/** Comments may hold anything that looks like a declaration. */
const withoutComments = (xsd: string): string => xsd.replace(/<!--[\s\S]*?-->/g, '');

/** '' where it has none. */
export const targetNamespaceOf = (xsd: string): string =>
  /<(?:[\w.-]+:)?schema\b[^>]*?\btargetNamespace\s*=\s*["']([^"']*)["']/.exec(withoutComments(xsd))?.[1] ??
  '';

export const declaredNames = (xsd: string): readonly string[] =>
  [...withoutComments(xsd).matchAll(/<(?:[\w.-]+:)?element\s[^>]*?\bname\s*=\s*["']([^"']+)["']/g)].map(
    ([, name = '']) => name,
  );
