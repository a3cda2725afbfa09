// POST /timers: Chronos says that bindings of an address of record have lapsed (docs/clearwater/backend.md §6.8).
// Thin: reads the request, asks the registrar, answers when it is done. What is not done is 500: Chronos comes again.
import { Body, Controller, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type ErrorBody, errorBody } from '#libs/runtime';
import { REGISTRAR_DOOR, type RegistrarDoor } from './registrar-door.js';

const AOR_CHARACTERS_MAX = 1_024;
const REQUEST = {
  type: 'object',
  required: ['aor_id'],
  properties: { aor_id: { type: 'string', description: 'default public identity of the set' } },
};

const FAULT = {
  type: 'object',
  required: ['reason'],
  properties: { reason: { type: 'string' } },
};

/** Callbacks come as octets: the text of JSON, or parsed where a client says that it is. */
const aorIn = (body: unknown): string | undefined => {
  let value = body;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value) as unknown;
    } catch {
      return undefined;
    }
  }
  const aor = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['aor_id'] : undefined;
  return typeof aor === 'string' && aor !== '' && aor.length <= AOR_CHARACTERS_MAX ? aor : undefined;
}; // prettier-ignore

@ApiTags('timers')
@Controller('timers')
export class TimersController {
  constructor(@Inject(REGISTRAR_DOOR) private readonly door: RegistrarDoor) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Removes the bindings of an address of record that have lapsed' })
  @ApiBody({ schema: REQUEST })
  @ApiResponse({ status: 200, description: 'what had lapsed is removed; nothing may have' })
  @ApiResponse({ status: 400, description: 'the request is not as described', schema: FAULT })
  @ApiResponse({ status: 500, description: 'not now: the log is away', schema: FAULT })
  @ApiResponse({ status: 503, description: 'the router is starting', schema: FAULT })
  async pop(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: unknown,
  ): Promise<ErrorBody | undefined> {
    const aor = aorIn(body);
    if (aor === undefined) return refused(reply, 400, 'takes a JSON object with aor_id');
    const { expire } = this.door;
    if (!expire) return refused(reply, 503, 'the router is starting');
    return (await expire(aor)) ? undefined : refused(reply, 500, 'nobody lapses now: come again');
  }
}

const refused = (reply: FastifyReply, status: number, reason: string): ErrorBody => {
  void reply.status(status);
  return errorBody(status, reason);
};
