// /views: how far each view is, and its rebuild. Thin: asks the keeper.
import {
  ConflictException,
  Controller,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { ViewKeeper } from '../projector.js';
import { VIEW_KEEPER } from './tokens.js';

const STATUS = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name', 'store', 'lag', 'parkedStreams', 'parkedEvents'],
    properties: {
      name: { type: 'string' },
      store: { type: 'string' },
      lag: { type: 'integer', description: 'events durable and not yet folded' },
      parkedStreams: { type: 'integer' },
      parkedEvents: { type: 'integer' },
      failure: { type: 'string' },
      keyspaces: { type: 'object' },
      rebuild: { type: 'object' },
    },
  },
};

@ApiTags('views')
@Controller('views')
export class ViewsController {
  constructor(@Inject(VIEW_KEEPER) private readonly keeper: ViewKeeper) {}

  @Get()
  @ApiOperation({ summary: 'How far each view is, what is parked, and its rebuild' })
  @ApiOkResponse({ schema: STATUS })
  status() {
    return this.keeper.status();
  }

  @Post(':name/rebuild')
  @HttpCode(202)
  @ApiOperation({ summary: 'Begins to build a view anew while the old one serves' })
  @ApiParam({ name: 'name', example: 'registrations-by-aor' })
  @ApiResponse({ status: 202, description: 'It has begun: /views tells how far it is' })
  @ApiResponse({ status: 404, description: 'No such view' })
  @ApiResponse({ status: 409, description: 'It is being rebuilt' })
  rebuild(@Param('name') name: string): void {
    const begun = this.keeper.rebuild(name);
    if (begun === undefined) throw new NotFoundException(`${name} is no view of this projector`);
    if (!begun) throw new ConflictException(`${name} is being rebuilt`);
  }
}
