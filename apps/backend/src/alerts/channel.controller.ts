import { randomUUID } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Channel, ChannelInput, ChannelTest } from '@bellwether/contracts';
import { z } from 'zod';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { Answers, Takes } from '../http/docs';
import { BadInput, Conflict, NotFound } from '../http/problem';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { ChannelStore } from './channel.store';
import { baseUrlOf, bodyOf } from './notification';
import { post } from './webhook';

const MOST_CHANNELS = 50;

@ApiTags('channels')
@Controller('api/v1/channels')
export class ChannelController {
  constructor(
    @Inject(ChannelStore) private readonly store: ChannelStore,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Get()
  @Answers(z.array(Channel), 'All channels, oldest first.')
  list(): Promise<Channel[]> {
    return this.store.all();
  }

  @Post()
  @Takes(ChannelInput)
  @Answers(Channel, 'The new channel.', 201)
  async add(@Body(new ZodPipe(ChannelInput)) input: ChannelInput): Promise<Channel> {
    const { username, password } = new URL(input.url);
    if (username || password)
      throw new BadInput('url: a user name or password in an address cannot be sent; leave it out.');
    const id = await this.store.add(input, MOST_CHANNELS);
    if (id === undefined)
      throw new Conflict(`There are ${MOST_CHANNELS} channels already: delete one to make room.`);
    return this.find(id);
  }

  @Delete(':id')
  @HttpCode(204)
  @Answers(z.null(), 'Deleted, with whatever waited to be sent to it.', 204)
  async remove(@Param('id', new IdPipe()) id: number): Promise<void> {
    if (!(await this.store.remove(id))) throw new NotFound('channel', id);
  }

  @Post(':id/test')
  @HttpCode(200)
  @Answers(ChannelTest, 'What came of a test message that was sent right now, once.')
  async test(@Param('id', new IdPipe()) id: number): Promise<ChannelTest> {
    const { url } = await this.find(id);
    const context = { baseUrl: baseUrlOf(this.config), nowMs: this.now() };
    const { delivered, detail } = await post(url, bodyOf({ id: randomUUID(), event: 'test' }, null, context));
    return { delivered, detail };
  }

  private async find(id: number): Promise<Channel> {
    const channel = await this.store.byId(id);
    if (!channel) throw new NotFound('channel', id);
    return channel;
  }
}
