// /irs/<uuid>/service_profiles: service profiles, their public identities and filter criteria (backend.md §3).
// Thin: reads the request, calls the handler, writes the outcome.
import { Body, Controller, Delete, Get, Headers, Inject, Param, Post, Put, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Provisioning } from '../provisioning.js';
import { answer, idempotencyKey, ifRevision, refuseBody, textBody, XML } from './answer.js';
import {
  Empty,
  Faults,
  IF_MATCH,
  IMPU,
  IRS,
  PROFILE,
  PUBLIC_IDENTITY_XML,
  PUBLIC_IDS,
  REPEATABLE,
  SERVICE_PROFILE_XML,
} from './schemas.js';
import { PROVISIONING } from './tokens.js';

@ApiTags('service profiles')
@ApiParam(IRS)
@Controller('irs/:irs/service_profiles')
export class ServiceProfilesController {
  constructor(@Inject(PROVISIONING) private readonly provisioning: Provisioning) {}

  @Post()
  @ApiOperation({ summary: 'Adds a service profile' })
  @ApiHeader(REPEATABLE)
  @Empty(ApiResponse, 201)
  @Faults(ApiResponse, 404)
  create(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Body() body: unknown,
    @Headers('idempotency-key') key: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.createServiceProfile({ irs, ...idempotencyKey(key) });
    });
  }

  @Delete(':profile')
  @ApiOperation({ summary: 'Removes it with its public identities' })
  @ApiParam(PROFILE)
  @Empty(ApiResponse, 200)
  @Faults(ApiResponse, 404)
  remove(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('profile') serviceProfile: string,
    @Body() body: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.deleteServiceProfile({ irs, serviceProfile });
    });
  }

  @Get(':profile/public_ids')
  @ApiOperation({ summary: 'Its public identities' })
  @ApiParam(PROFILE)
  @ApiOkResponse({ schema: PUBLIC_IDS })
  @Faults(ApiResponse, 404)
  publicIds(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('profile') serviceProfile: string,
  ) {
    return answer(reply, () => this.provisioning.publicIdsOfProfile({ irs, serviceProfile }));
  }

  @Put(':profile/public_ids/:impu')
  @ApiOperation({ summary: 'Gives it a public identity, or changes that one' })
  @ApiParam(PROFILE)
  @ApiParam(IMPU)
  @ApiHeader(IF_MATCH)
  @ApiConsumes('application/xml')
  @ApiBody({ schema: PUBLIC_IDENTITY_XML })
  @Empty(ApiResponse, 200)
  @Faults(ApiResponse, 404, 412)
  putPublicId(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('profile') serviceProfile: string,
    @Param('impu') impu: string,
    @Body() body: unknown,
    @Headers('if-match') match: unknown,
  ) {
    return answer(reply, async () => {
      const input = { irs, serviceProfile, impu, xml: textBody(body), ...ifRevision(match) };
      return this.provisioning.putPublicId(input);
    });
  }

  @Get(':profile/public_ids/:impu')
  @ApiOperation({ summary: 'The PublicIdentity element of one of its identities' })
  @ApiParam(PROFILE)
  @ApiParam(IMPU)
  @ApiOkResponse({ content: { 'application/xml': { schema: PUBLIC_IDENTITY_XML } } })
  @Faults(ApiResponse, 404)
  getPublicId(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('profile') serviceProfile: string,
    @Param('impu') impu: string,
  ) {
    return answer(reply, () => this.provisioning.getPublicId({ irs, serviceProfile, impu }), XML);
  }

  @Delete(':profile/public_ids/:impu')
  @ApiOperation({ summary: 'Takes a public identity from it' })
  @ApiParam(PROFILE)
  @ApiParam(IMPU)
  @Empty(ApiResponse, 200, 204)
  @Faults(ApiResponse, 404)
  deletePublicId(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('profile') serviceProfile: string,
    @Param('impu') impu: string,
    @Body() body: unknown,
  ) {
    return answer(reply, async () => {
      refuseBody(body);
      return this.provisioning.deletePublicId({ irs, serviceProfile, impu });
    });
  }

  @Get(':profile/filter_criteria')
  @ApiOperation({ summary: 'Its initial filter criteria, as they were given' })
  @ApiParam(PROFILE)
  @ApiOkResponse({ content: { 'application/xml': { schema: SERVICE_PROFILE_XML } } })
  @Faults(ApiResponse, 404)
  getFilterCriteria(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('profile') serviceProfile: string,
  ) {
    return answer(reply, () => this.provisioning.getFilterCriteria({ irs, serviceProfile }), XML);
  }

  @Put(':profile/filter_criteria')
  @ApiOperation({ summary: 'Sets its initial filter criteria' })
  @ApiParam(PROFILE)
  @ApiHeader(IF_MATCH)
  @ApiConsumes('application/xml')
  @ApiBody({ schema: SERVICE_PROFILE_XML })
  @Empty(ApiResponse, 200)
  @Faults(ApiResponse, 404, 412)
  putFilterCriteria(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('irs') irs: string,
    @Param('profile') serviceProfile: string,
    @Body() body: unknown,
    @Headers('if-match') match: unknown,
  ) {
    return answer(reply, async () => {
      const input = { irs, serviceProfile, xml: textBody(body), ...ifRevision(match) };
      return this.provisioning.putFilterCriteria(input);
    });
  }
}
