// /impu/<impu>: who serves a public identity, and its registration data (backend.md §1.1).
// Thin: reads the request, asks Homestead, writes the answer.
import { Body, Controller, Get, Headers, Inject, Param, Put, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { HomesteadCore } from '../homestead-core.js';
import { fault, sendAssignment, sendRegData } from './answer.js';
import { readRegDataRequest } from './reg-data-request.js';
import { ASSIGNMENT, Faults, REG_DATA, REG_DATA_REQUEST } from './schemas.js';
import { HOMESTEAD } from './tokens.js';

const IMPU = { name: 'impu', example: 'sip:alice@ims.test' };
const XML = { 'application/xml': { schema: REG_DATA } };

@ApiTags('impu')
@Controller('impu/:impu')
export class ImpuController {
  constructor(@Inject(HOMESTEAD) private readonly homestead: HomesteadCore) {}

  @Get('location')
  @ApiOperation({ summary: 'Who serves the identity (Cx LIR)' })
  @ApiParam(IMPU)
  @ApiQuery({ name: 'originating', required: false, description: '`true` for an originating request' })
  @ApiQuery({ name: 'auth-type', required: false, enum: ['CAPAB'] })
  @ApiOkResponse({ schema: ASSIGNMENT })
  @Faults(ApiResponse, 404)
  location(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impu') impu: string,
    @Query() query: Record<string, unknown>,
  ) {
    return sendAssignment(
      reply,
      this.homestead.location(impu, {
        originating: query['originating'] === 'true',
        ...(query['auth-type'] === 'CAPAB' ? { authType: 'CAPAB' } : {}),
      }),
    );
  }

  @Get('reg-data')
  @ApiOperation({ summary: 'Registration data, as reg-data requests have left it' })
  @ApiParam(IMPU)
  @ApiOkResponse({ content: XML })
  @Faults(ApiResponse, 404)
  shown(@Res({ passthrough: true }) reply: FastifyReply, @Param('impu') impu: string) {
    return sendRegData(reply, this.homestead.cachedRegData(impu));
  }

  @Put('reg-data')
  @ApiOperation({ summary: 'Assigns or releases the server and gives the profile (Cx SAR)' })
  @ApiParam(IMPU)
  @ApiHeader({
    name: 'Cache-Control',
    required: false,
    description: '`no-cache`: the HSS is asked in any case',
  })
  @ApiQuery({ name: 'private_id', required: false, example: 'alice@ims.test' })
  @ApiBody({ schema: REG_DATA_REQUEST })
  @ApiOkResponse({ content: XML })
  @Faults(ApiResponse, 400, 404)
  regData(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impu') impu: string,
    @Query('private_id') impi: unknown,
    @Headers('cache-control') cacheControl: unknown,
    @Body() body: unknown,
  ) {
    const request = readRegDataRequest(body);
    if (!request.ok) return fault(reply, 'bad-request', request.reason);
    const noCache = typeof cacheControl === 'string' && /\bno-cache\b/i.test(cacheControl);
    const asked = {
      ...request.value,
      ...(typeof impi === 'string' ? { impi } : {}),
      ...(noCache ? { noCache } : {}),
    };
    return sendRegData(reply, this.homestead.regData(impu, asked));
  }
}
