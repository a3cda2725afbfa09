// Command and group grammars, read from the text that the specifications print them in (CCF). RFC 6733 §3.2.
// Read once, when a dictionary is put together.

export type Member = Readonly<{ name: string; min: number; max: number }>;

/** `open`: other AVPs may stand there too (`* [ AVP ]`). */
export type Grammar = Readonly<{ members: ReadonlyMap<string, Member>; open: boolean }>;

export type CommandGrammar = Grammar &
  Readonly<{ short: string; code: number; applicationId: number; isRequest: boolean; isProxiable: boolean }>;

const MEMBER = /(?:(\d*)(\*)(\d*))?\s*([<{[])\s*([A-Za-z0-9-]+)\s*[>}\]]/g;

/** `{ Vendor-Id } [ Auth-Application-Id ] 1* { Host-IP-Address } *0 [ Result-Code ] * [ AVP ]`. */
export const readGrammar = (text: string): Grammar => {
  const members = new Map<string, Member>();
  let open = false;
  for (const [, least, star, most, bracket, name = ''] of text.matchAll(MEMBER)) {
    if (name === 'AVP') {
      open = true;
      continue;
    }
    const required = bracket !== '[';
    const min = least ? Number(least) : required ? 1 : 0;
    const max = most ? Number(most) : star === '*' ? Number.POSITIVE_INFINITY : 1;
    members.set(name, { name, min, max });
  }
  return { members, open };
};

const COMMAND =
  /^<?\s*([A-Z]+)\s*>?\s*::=\s*<\s*Diameter Header:\s*(\d+)((?:\s*,\s*[A-Z0-9]+)*)\s*>([\s\S]*)$/;

/** `<ACR> ::= < Diameter Header: 271, REQ, PXY > < Session-Id > …`; a number after the flags is the application. */
export const readCommand = (text: string, applicationId: number): CommandGrammar => {
  const [, short, code, marks = '', members] = COMMAND.exec(text.trim()) ?? [];
  if (short === undefined || members === undefined) throw new Error(`no command: ${text.slice(0, 60)}`);
  const flags = marks.split(',').map((mark) => mark.trim());
  return {
    ...readGrammar(members),
    short,
    code: Number(code),
    applicationId,
    isRequest: flags.includes('REQ'),
    isProxiable: flags.includes('PXY'),
  };
};
