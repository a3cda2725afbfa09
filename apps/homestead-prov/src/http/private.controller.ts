// /private: private identities, their credentials and their implicit registration sets (backend.md §3).
// Thin: reads the request, calls the handler, writes the outcome.
import { Body, Controller, Delete, Get, Headers, Inject, Param, Put, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { readPrivateBody } from '../handlers/private-body.js';
import type { Provisioning } from '../provisioning.js';
import { answer, ifRevision, jsonBody, refuseBody } from './answer.js';
import {
  Empty,
  Faults,
  IF_MATCH,
  IMPI,
  IRS,
  PRIVATE,
  PRIVATE_BODY,
  PRIVATE_PUBLIC_IDS,
  PRIVATE_SETS,
} from './schemas.js';
import { PROVISIONING } from './tokens.js';

@ApiTags('private')
@Controller('private/:impi')
export class PrivateController {
  constructor(@Inject(PROVISIONING) private readonly provisioning: Provisioning) {}

  @Put()
  @ApiOperation({ summary: 'Makes a private identity or changes its credential' })
  @ApiParam(IMPI)
  @ApiHeader(IF_MATCH)
  @ApiBody({ schema: PRIVATE_BODY })
  @Empty(ApiResponse, 200)
  @Faults(ApiResponse, 412)
  put(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @Body() body: unknown,
    @Headers('if-match') match: unknown,
  ) {
    return answer(reply, async () => {
      const input = { impi, body: readPrivateBody(jsonBody(body)), ...ifRevision(match) };
      return this.provisioning.putPrivate(input);
    });
  }

  @Get()
  @ApiOperation({ summary: 'Its credential' })
  @ApiParam(IMPI)
  @ApiOkResponse({ schema: PRIVATE })
  @Faults(ApiResponse, 404)
  get(@Res({ passthrough: true }) reply: FastifyReply, @Param('impi') impi: string) {
    return answer(reply, () => this.provisioning.getPrivate(impi));
  }

  @Delete()
  @ApiOperation({ summary: 'Removes it and its links; the implicit registration sets stay' })
  @ApiParam(IMPI)
  @Empty(ApiResponse, 200, 204)
  @Faults(ApiResponse)
  remove(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @Body() body: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.deletePrivate(impi);
    });
  }

  @Get('associated_implicit_registration_sets')
  @ApiOperation({ summary: 'The implicit registration sets that it is linked to' })
  @ApiParam(IMPI)
  @ApiOkResponse({ schema: PRIVATE_SETS })
  @Faults(ApiResponse, 404)
  sets(@Res({ passthrough: true }) reply: FastifyReply, @Param('impi') impi: string) {
    return answer(reply, () => this.provisioning.setsOfPrivate(impi));
  }

  @Put('associated_implicit_registration_sets/:irs')
  @ApiOperation({ summary: 'Links it to an implicit registration set' })
  @ApiParam(IMPI)
  @ApiParam(IRS)
  @Empty(ApiResponse, 200)
  @Faults(ApiResponse, 404)
  link(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @Param('irs') irs: string,
    @Body() body: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.linkPrivate({ irs, impi });
    });
  }

  @Delete('associated_implicit_registration_sets/:irs')
  @ApiOperation({ summary: 'Unlinks it from an implicit registration set' })
  @ApiParam(IMPI)
  @ApiParam(IRS)
  @Empty(ApiResponse, 200, 204)
  @Faults(ApiResponse)
  unlink(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @Param('irs') irs: string,
    @Body() body: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.unlinkOrNothing({ irs, impi });
    });
  }

  @Get('associated_public_ids')
  @ApiOperation({ summary: 'The public identities that it may use' })
  @ApiParam(IMPI)
  @ApiOkResponse({ schema: PRIVATE_PUBLIC_IDS })
  @Faults(ApiResponse, 404)
  publicIds(@Res({ passthrough: true }) reply: FastifyReply, @Param('impi') impi: string) {
    return answer(reply, () => this.provisioning.publicIdsOfPrivate(impi));
  }
}
