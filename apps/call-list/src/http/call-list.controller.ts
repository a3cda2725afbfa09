// GET /users/<identity>/call-list: the calls of a user, newest first, for the user alone (access.ts).
// Thin: reads the request, asks who it is, reads the row, writes it in words for people.
import { Controller, Get, HttpException, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Verdict } from '#libs/digest';
import type { Clock } from '#libs/runtime';
import { aorOf } from '#libs/sip';
import type { CallLists } from '#projections/calls-by-user';
import type { Access } from './access.js';
import { callJson, CALLS, FAULT } from './call-json.js';

export const CALL_LIST_READING = Symbol('call list reading');

export type Reading = Readonly<{ lists: CallLists; access: Access; clock: Pick<Clock, 'nowMs'> }>;

const RETRY_AFTER_S = 5;

const oneOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

const fault = (status: number, reason: string): HttpException => new HttpException(reason, status);

const refuse = (reply: FastifyReply, verdict: Exclude<Verdict, { kind: 'ok' }>): HttpException => {
  switch (verdict.kind) {
    case 'challenged':
      void reply.header('WWW-Authenticate', [...verdict.challenges]);
      return fault(401, 'takes the digest of a user’s SIP credentials, or X-API-Key');
    case 'refused':
      return fault(403, 'not the password, or not this user’s list');
    case 'slowed':
      void reply.header('Retry-After', verdict.retryAfterS);
      return fault(429, 'too many failed tries');
    case 'away':
      void reply.header('Retry-After', verdict.retryAfterS);
      return fault(verdict.isLate ? 504 : 500, 'who you are cannot be checked now');
  }
};

@ApiTags('call list')
@Controller('users/:impu/call-list')
export class CallListController {
  constructor(@Inject(CALL_LIST_READING) private readonly reading: Reading) {}

  @Get()
  @ApiOperation({ summary: 'Calls from and to a user, newest first' })
  @ApiParam({ name: 'impu', example: 'sip:alice@ims.test' })
  @ApiOkResponse({ schema: CALLS })
  @ApiResponse({ status: 400, description: 'no identity', schema: FAULT })
  @ApiResponse({ status: 401, description: 'nobody has proved who asks', schema: FAULT })
  @ApiResponse({ status: 403, description: 'not the password, or not this user’s list', schema: FAULT })
  @ApiResponse({ status: 429, description: 'too many failed tries', schema: FAULT })
  @ApiResponse({ status: 500, description: 'the lists, or Homestead, do not answer', schema: FAULT })
  @ApiResponse({ status: 504, description: 'Homestead does not answer in time', schema: FAULT })
  async list(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impu') text: string,
  ) {
    const { lists, access, clock } = this.reading;
    const impu = aorOf(text);
    if (impu === undefined) throw fault(400, 'takes a SIP or tel URI, percent-encoded');
    const { headers, raw, method, socket } = request;
    const asked = {
      method,
      target: raw.url ?? '',
      authorization: headers.authorization,
      address: socket.remoteAddress ?? '',
      apiKey: oneOf(headers['x-api-key']) ?? oneOf(headers['ngv-api-key']),
    };
    const verdict = await access.judge(asked, impu);
    if (verdict.kind !== 'ok') throw refuse(reply, verdict);
    const row = await lists.get(impu).catch(() => {
      void reply.header('Retry-After', RETRY_AFTER_S);
      throw fault(500, 'the lists cannot be read now');
    });
    void reply.header('Cache-Control', 'no-store');
    const nowMs = clock.nowMs();
    return { calls: (row?.calls ?? []).map((call) => callJson(call, nowMs)) };
  }
}
