// A request forwarded outside transactions: the ACK of a 2xx (RFC 3261 §16.11). Reader: endpoint.ts.
import { isExhausted } from './admission.js';
import { viaValue, type ClientLayer } from '../transaction/client-branch.js';
import type { Edits } from '../message/edits.js';
import type { NextHop } from './endpoint.port.js';
import { H } from '../message/header-table.js';
import type { Flow, Target } from '../transport/transport.port.js';

type Layer = Pick<ClientLayer, 'transports' | 'resolver' | 'branchIds' | 'resolverFailed'> & {
  readonly counters: { acksLost: number };
};

/** With our Via on top and one hop less to go; dropped where none is left. Only the first target of a hop is tried. */
export const sendStateless = (edits: Edits, hop: NextHop, layer: Layer): void => {
  const { message } = edits;
  if (isExhausted(message)) return;
  const hops = message.header(H.MaxForwards);
  edits.replace(H.MaxForwards, hops === undefined ? '70' : String(Number(hops) - 1));
  if (hop.kind === 'flow') return sendOn(hop.flow, edits, layer);
  if (hop.kind === 'target') return sendTo(hop.target, hop.listener, edits, layer);
  const { uri, listener } = hop;
  const targets = layer.resolver.resolve(uri);
  if (!(targets instanceof Promise)) return sendTo(targets[0], listener, edits, layer);
  targets.then(
    ([first]) => sendTo(first, listener, edits, layer),
    (error: unknown) => layer.resolverFailed(error),
  );
};

const sendTo = (target: Target | undefined, listener: string, edits: Edits, layer: Layer): void =>
  sendOn(target && layer.transports.flowTo(target, listener), edits, layer);

const sendOn = (flow: Flow | undefined, edits: Edits, { transports, branchIds, counters }: Layer): void => {
  const branchId = branchIds.stateless(edits.message);
  const text = flow && edits.renderWithVia(viaValue(transports, flow, branchId));
  if (text === undefined || flow?.send(text) !== true) counters.acksLost++;
};
