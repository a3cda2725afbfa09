// A request that nothing came of, as its client reads it: the reason, and when to come again where that helps.
import type { FastifyReply } from 'fastify';
import { errorBody } from '#libs/runtime';

export const refuse = (
  reply: FastifyReply,
  refusal: Readonly<{ status: number; reason: string; retryAfterS?: number }>,
): void => {
  const { status, reason, retryAfterS } = refusal;
  if (retryAfterS !== undefined) void reply.header('retry-after', retryAfterS);
  void reply.status(status).send(errorBody(status, reason));
};
