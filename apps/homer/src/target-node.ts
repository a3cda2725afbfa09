// The node that a URI names, as a selector; or the answer to a URI whose selector names none (RFC 4825 §8). Reader: homer.ts,
// read-document.ts.
import { type NodeSelector, parseNodeSelector, type XcapUri } from '#libs/xcap';
import { notFound, refusal, type XcapAnswer } from './answer.js';

/** `selector` undefined: the whole document. */
export type TargetNode =
  Readonly<{ ok: true; selector: NodeSelector | undefined }> | Readonly<{ ok: false; answer: XcapAnswer }>;

export const nodeOf = ({ node, bindings }: XcapUri, namespace: string): TargetNode => {
  if (node === undefined) return { ok: true, selector: undefined };
  const parsed = parseNodeSelector(node, bindings, namespace);
  if (parsed.ok) return parsed;
  const answer =
    parsed.fault === 'unbound'
      ? refusal(400, 'a prefix of the node selector is not declared in the query')
      : notFound('no such kind of selector');
  return { ok: false, answer };
};
