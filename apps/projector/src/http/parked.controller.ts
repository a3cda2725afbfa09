// /parked: streams that a view could not fold further, and another try. Thin: asks the keeper.
import { Controller, Get, HttpCode, Inject, NotFoundException, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { ViewKeeper } from '../projector.js';
import { VIEW_KEEPER } from './tokens.js';

const PARKED = {
  type: 'array',
  items: {
    type: 'object',
    required: ['id', 'view', 'stream', 'reason', 'sinceMs', 'events'],
    properties: {
      id: { type: 'string' },
      view: { type: 'string' },
      stream: { type: 'string' },
      reason: { type: 'string' },
      sinceMs: { type: 'integer' },
      events: { type: 'integer' },
    },
  },
};
const LEFT = { type: 'object', required: ['left'], properties: { left: { type: 'integer' } } };

@ApiTags('parked')
@Controller('parked')
export class ParkedController {
  constructor(@Inject(VIEW_KEEPER) private readonly keeper: ViewKeeper) {}

  @Get()
  @ApiOperation({ summary: 'Streams that are parked, with why' })
  @ApiOkResponse({ schema: PARKED })
  parked() {
    return this.keeper.parked();
  }

  @Post(':id/retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Folds a parked stream again' })
  @ApiParam({ name: 'id', example: '0f3a5c7e9b1d' })
  @ApiOkResponse({ schema: LEFT, description: 'How many of its events are parked still' })
  @ApiResponse({ status: 404, description: 'Nothing is parked under that id' })
  async retry(@Param('id') id: string): Promise<{ left: number }> {
    const left = await this.keeper.retry(id);
    if (left === undefined) throw new NotFoundException(`nothing is parked under ${id}`);
    return { left };
  }
}
