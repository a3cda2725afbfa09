// A request of this node's own, complete but for Via, as something that can be sent: RFC 3261 §8.1.1. Reader: endpoint.ts.
import { Edits } from '../message/edits.js';
import { H } from '../message/header-table.js';
import { parseMessage } from '../message/parse-message.js';

/** Throws a TypeError when it does not parse: a defect of whoever wrote it. */
export const ownRequest = (text: string): Edits => {
  const parsed = parseMessage(text);
  // A Via of nobody stands in while it is read.
  const own = parsed.ok ? parsed : parseMessage(withPlaceholderVia(text));
  if (!own.ok) throw new TypeError(`request of ours does not parse: ${own.reason}`);
  const edits = new Edits(own.message);
  edits.remove(H.Via);
  return edits;
};

const withPlaceholderVia = (text: string): string => {
  const at = text.indexOf('\r\n') + 2;
  return `${text.slice(0, at)}Via: SIP/2.0/UDP placeholder.invalid\r\n${text.slice(at)}`;
};
