// A stream of server-sent events as the answer to a request: who asks is admitted as for every other answer, and asked again while it runs.
// Used by the controllers of live parts.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EllisCall } from '../context.js';
import type { EventStream } from '../live/event-streams.js';
import { callOf, refuse, type Rim } from './answer.js';

/** Whose stream it is: so many at once are theirs. */
type Admitted = Readonly<{ owner: string }>;

/**
 * `admit` refuses as handlers do, and is asked again now and then: who is admitted no more is let go. What fails in `feed` ends the stream:
 * the page comes again.
 */
export const stream = async <A extends Admitted>(
  rim: Rim,
  request: FastifyRequest,
  reply: FastifyReply,
  admit: (call: EllisCall) => Promise<A>,
  feed: (to: EventStream, admitted: A) => void | Promise<void>,
): Promise<void> => {
  const { ellis, streams, addressOf } = rim;
  let begun: () => Promise<void>;
  try {
    const call = callOf(request, addressOf);
    const admitted = await admit(call);
    streams.admit(admitted.owner);
    const isAllowed = (): Promise<boolean> => admit(call).then(() => true, () => false); // prettier-ignore
    begun = async () => feed(streams.begin(admitted.owner, reply.raw, isAllowed), admitted);
  } catch (error) {
    return void (await reply.send(refuse(rim, reply, error)));
  }
  reply.hijack();
  await begun().catch((error: unknown) => {
    ellis.onFault(error);
    reply.raw.destroy();
  });
};
