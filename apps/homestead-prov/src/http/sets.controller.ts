// /irs: implicit registration sets and their private identities (backend.md §3).
// Thin: reads the request, calls the handler, writes the outcome.
import { Body, Controller, Delete, Get, Headers, Inject, Param, Post, Put, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Provisioning } from '../provisioning.js';
import { answer, idempotencyKey, refuseBody } from './answer.js';
import { Empty, Faults, IMPI, IRS, PRIVATE_IDS, PUBLIC_IDS, REPEATABLE } from './schemas.js';
import { PROVISIONING } from './tokens.js';

@ApiTags('irs')
@Controller('irs')
export class SetsController {
  constructor(@Inject(PROVISIONING) private readonly provisioning: Provisioning) {}

  @Post()
  @ApiOperation({ summary: 'Makes an implicit registration set' })
  @ApiHeader(REPEATABLE)
  @Empty(ApiResponse, 201)
  @Faults(ApiResponse)
  create(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: unknown,
    @Headers('idempotency-key') key: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.createSet(idempotencyKey(key));
    });
  }

  @Delete(':irs')
  @ApiOperation({ summary: 'Removes it with its service profiles, public identities and links' })
  @ApiParam(IRS)
  @Empty(ApiResponse, 200, 204)
  @Faults(ApiResponse)
  remove(@Res({ passthrough: true }) reply: FastifyReply, @Param('irs') irs: string, @Body() body: unknown) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.deleteSet(irs);
    });
  }

  @Get(':irs/public_ids')
  @ApiOperation({ summary: 'Its public identities' })
  @ApiParam(IRS)
  @ApiOkResponse({ schema: PUBLIC_IDS })
  @Faults(ApiResponse, 404)
  publicIds(@Res({ passthrough: true }) reply: FastifyReply, @Param('irs') irs: string) {
    return answer(reply, () => this.provisioning.publicIdsOfSet(irs));
  }

  @Get(':irs/private_ids')
  @ApiOperation({ summary: 'The private identities that may register it' })
  @ApiParam(IRS)
  @ApiOkResponse({ schema: PRIVATE_IDS })
  @Faults(ApiResponse, 404)
  privateIds(@Res({ passthrough: true }) reply: FastifyReply, @Param('irs') irs: string) {
    return answer(reply, () => this.provisioning.privateIdsOfSet(irs));
  }

  @Put(':irs/private_ids/:impi')
  @ApiOperation({ summary: 'Links a private identity to it' })
  @ApiParam(IRS)
  @ApiParam(IMPI)
  @Empty(ApiResponse, 200)
  @Faults(ApiResponse, 404)
  link(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('impi') impi: string,
    @Body() body: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.linkPrivate({ irs, impi });
    });
  }

  @Delete(':irs/private_ids/:impi')
  @ApiOperation({ summary: 'Unlinks a private identity from it' })
  @ApiParam(IRS)
  @ApiParam(IMPI)
  @Empty(ApiResponse, 200)
  @Faults(ApiResponse, 404)
  unlink(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('impi') impi: string,
    @Body() body: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.unlinkOrNotFound({ irs, impi });
    });
  }
}
