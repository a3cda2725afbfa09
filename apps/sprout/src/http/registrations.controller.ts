// DELETE /registrations: the HSS, by way of Homestead, or an operator ends registrations (docs/clearwater/backend.md §1.3).
// Thin: reads the request, asks the registrar, answers when the log has it. `send-notifications` is taken and not heeded, as in Clearwater.
import { Body, Controller, Delete, HttpCode, Inject, Param, Put, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type ErrorBody, errorBody } from '#libs/runtime';
import { type Withdrawal, WITHDRAWALS_MAX } from '../registrar/withdraw.js';
import { REGISTRAR_DOOR, type RegistrarDoor } from './registrar-door.js';

const TEXT = { type: 'string' };
const REQUEST = {
  type: 'object',
  required: ['registrations'],
  properties: {
    registrations: {
      type: 'array',
      maxItems: WITHDRAWALS_MAX,
      items: {
        type: 'object',
        required: ['primary-impu'],
        properties: {
          'primary-impu': { ...TEXT, description: 'default public identity of the set' },
          impi: { ...TEXT, description: 'only what this private identity registered' },
        },
      },
    },
  },
};

export const FAULT = {
  type: 'object',
  required: ['error', 'status', 'message', 'reason', 'detail'],
  properties: {
    error: { type: 'boolean' },
    status: { type: 'integer' },
    message: TEXT,
    reason: TEXT,
    detail: { type: 'object' },
  },
};

const CHANGE = {
  type: 'object',
  required: ['user-data-xml'],
  properties: { 'user-data-xml': { ...TEXT, description: 'an IMSSubscription document' } },
};

type Read =
  Readonly<{ ok: true; withdrawals: readonly Withdrawal[] }> | Readonly<{ ok: false; reason: string }>;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readOne = (entry: unknown): Withdrawal | undefined => {
  if (!isObject(entry) || typeof entry['primary-impu'] !== 'string') return undefined;
  const { 'primary-impu': primaryImpu, impi } = entry;
  if (impi === undefined) return { primaryImpu };
  return typeof impi === 'string' ? { primaryImpu, impi } : undefined;
};

/** Takes the parsed JSON, or the text of a client that names no content type. */
const read = (body: unknown): Read => {
  let value = body;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value) as unknown;
    } catch {
      return { ok: false, reason: 'the body is not JSON' };
    }
  }
  const list = isObject(value) ? value['registrations'] : undefined;
  if (!Array.isArray(list)) return { ok: false, reason: 'takes a JSON object with registrations' };
  if (list.length > WITHDRAWALS_MAX)
    return { ok: false, reason: `takes at most ${WITHDRAWALS_MAX} registrations` };
  const withdrawals = list.map(readOne).filter((one) => one !== undefined);
  return withdrawals.length === list.length
    ? { ok: true, withdrawals }
    : { ok: false, reason: 'each registration names its primary-impu, and may name an impi' };
};

@ApiTags('registrations')
@Controller('registrations')
export class RegistrationsController {
  constructor(@Inject(REGISTRAR_DOOR) private readonly door: RegistrarDoor) {}

  @Delete()
  @HttpCode(200)
  @ApiOperation({ summary: 'Ends registrations: their bindings are gone when this is answered' })
  @ApiQuery({ name: 'send-notifications', required: false })
  @ApiBody({ schema: REQUEST })
  @ApiResponse({ status: 200, description: 'they are ended' })
  @ApiResponse({ status: 400, description: 'the request is not as described', schema: FAULT })
  @ApiResponse({ status: 401, description: 'no API key, or an unknown one', schema: FAULT })
  @ApiResponse({ status: 500, description: 'the log may not have all of it: ask again', schema: FAULT })
  @ApiResponse({ status: 503, description: 'the router is starting', schema: FAULT })
  async withdraw(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: unknown,
  ): Promise<ErrorBody | undefined> {
    const asked = read(body);
    if (!asked.ok) return refused(reply, 400, asked.reason);
    const { withdraw } = this.door;
    if (!withdraw) return refused(reply, 503, 'the router is starting');
    await withdraw(asked.withdrawals);
    return undefined;
  }

  @Put(':impu')
  @HttpCode(200)
  @ApiOperation({ summary: 'Tells that the profile of a set has changed: its bindings get its identities' })
  @ApiParam({
    name: 'impu',
    example: 'sip:alice@ims.test',
    description: 'default public identity of the set',
  })
  @ApiBody({ schema: CHANGE })
  @ApiResponse({ status: 200, description: 'they have' })
  @ApiResponse({ status: 400, description: 'no profile of this set', schema: FAULT })
  @ApiResponse({ status: 401, description: 'no API key, or an unknown one', schema: FAULT })
  @ApiResponse({ status: 503, description: 'the router is starting', schema: FAULT })
  async change(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impu') impu: string,
    @Body() body: unknown,
  ): Promise<ErrorBody | undefined> {
    const xml = isObject(body) ? body['user-data-xml'] : undefined;
    if (typeof xml !== 'string') return refused(reply, 400, 'takes a JSON object with user-data-xml');
    const { administration } = this.door;
    if (!administration) return refused(reply, 503, 'the router is starting');
    if ((await administration.change(impu, xml)) === 'changed') return undefined;
    return refused(reply, 400, 'user-data-xml is no profile that the identity is unbarred in');
  }
}

export const refused = (reply: FastifyReply, status: number, reason: string): ErrorBody => {
  void reply.status(status);
  return errorBody(status, reason);
};
