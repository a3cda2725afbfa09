// /public: from a public identity to what it belongs to, and the listing (backend.md §3).
// Thin: reads the request, calls the handler, writes the outcome.
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CHUNK_PROPORTION_MAX, type ListInput, PUBLIC_IDS_MAX } from '../handlers/listing.js';
import { badRequest } from '../outcome.js';
import type { Provisioning } from '../provisioning.js';
import { answer } from './answer.js';
import { Empty, Faults, IMPU, PRIVATE_IDS, PUBLIC_LIST } from './schemas.js';
import { PROVISIONING } from './tokens.js';

const optional = (name: string, description: string) => ({ name, required: false, description });

/** A parameter given twice is a list: refused. */
const listInput = (query: Readonly<Record<string, unknown>>): ListInput => {
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'string') throw badRequest(`${name}: give it once`);
  }
  return query;
};

@ApiTags('public')
@Controller('public')
export class PublicController {
  constructor(@Inject(PROVISIONING) private readonly provisioning: Provisioning) {}

  @Get()
  @ApiOperation({ summary: 'The public identities' })
  @ApiQuery(optional('excludeuuids', '`true`: names only'))
  @ApiQuery(optional('chunk-proportion', `number of chunks, 1 to ${CHUNK_PROPORTION_MAX}; default 256`))
  @ApiQuery(optional('chunk', 'only this chunk, from 0'))
  @ApiQuery(optional('limit', `at most so many, 1 to ${PUBLIC_IDS_MAX}, the default`))
  @ApiQuery(optional('after', '`next` of the answer before'))
  @ApiOkResponse({ schema: PUBLIC_LIST })
  @Faults(ApiResponse)
  list(@Res({ passthrough: true }) reply: FastifyReply, @Query() query: Record<string, unknown>) {
    return answer(reply, async () => this.provisioning.listPublicIds(listInput(query)));
  }

  @Get(':impu/service_profile')
  @ApiOperation({ summary: 'The service profile that it is in' })
  @ApiParam(IMPU)
  @Empty(ApiResponse, 303)
  @Faults(ApiResponse, 404)
  serviceProfile(@Res({ passthrough: true }) reply: FastifyReply, @Param('impu') impu: string) {
    return answer(reply, () => this.provisioning.serviceProfileOfPublicId(impu));
  }

  @Get(':impu/irs')
  @ApiOperation({ summary: 'The implicit registration set that it is in' })
  @ApiParam(IMPU)
  @Empty(ApiResponse, 303)
  @Faults(ApiResponse, 404)
  set(@Res({ passthrough: true }) reply: FastifyReply, @Param('impu') impu: string) {
    return answer(reply, () => this.provisioning.setOfPublicId(impu));
  }

  @Get(':impu/associated_private_ids')
  @ApiOperation({ summary: 'The private identities that may register it' })
  @ApiParam(IMPU)
  @ApiOkResponse({ schema: PRIVATE_IDS })
  @Faults(ApiResponse, 404)
  privateIds(@Res({ passthrough: true }) reply: FastifyReply, @Param('impu') impu: string) {
    return answer(reply, () => this.provisioning.privateIdsOfPublicId(impu));
  }
}
