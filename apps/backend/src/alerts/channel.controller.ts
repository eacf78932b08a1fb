import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import {
  Channel,
  ChannelChange,
  ChannelInput,
  ChannelTest,
  Notification,
  NotificationQuery,
} from '@bellwether/contracts';
import type { Response } from 'express';
import { z } from 'zod';
import { Answers, Asks, Takes } from '../http/docs';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { ChannelService } from './channel.service';

const NotificationId = z.object({ notificationId: z.uuid('the id of a notification is a UUID') });

/**
 * A channel makes this machine speak to any address it names, also inside of its network: whoever may call the API may have that
 * done, and that is the machine itself on loopback, or a holder of a key (`http/access`).
 */
@ApiTags('channels')
@Controller('api/v1/channels')
export class ChannelController {
  constructor(@Inject(ChannelService) private readonly channels: ChannelService) {}

  @Get()
  @Answers(z.array(Channel), 'All channels, oldest first.')
  list(): Promise<Channel[]> {
    return this.channels.list();
  }

  @Get(':id')
  @Answers(Channel, 'The channel, and what came of its notifications.')
  read(@Param('id', new IdPipe()) id: number): Promise<Channel> {
    return this.channels.read(id);
  }

  @Post()
  @Takes(ChannelInput)
  @Answers(Channel, 'The new channel.', 201)
  add(@Body(new ZodPipe(ChannelInput)) input: ChannelInput): Promise<Channel> {
    return this.channels.add(input);
  }

  @Patch(':id')
  @Takes(ChannelChange)
  @Answers(Channel, 'The channel as it is now; a secret that was left out is kept.')
  change(
    @Param('id', new IdPipe()) id: number,
    @Body(new ZodPipe(ChannelChange)) change: ChannelChange,
  ): Promise<Channel> {
    return this.channels.change(id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @Answers(z.null(), 'Deleted, with whatever waited to be sent to it.', 204)
  remove(@Param('id', new IdPipe()) id: number): Promise<void> {
    return this.channels.remove(id);
  }

  @Post(':id/test')
  @HttpCode(200)
  @Answers(ChannelTest, 'What came of a test message that was sent right now, once.')
  test(@Param('id', new IdPipe()) id: number): Promise<ChannelTest> {
    return this.channels.test(id);
  }

  @Get(':id/notifications')
  @Asks(NotificationQuery)
  @Answers(z.array(Notification), 'Its notifications, newest first; X-Total-Count says how many there are.')
  async notifications(
    @Param('id', new IdPipe()) id: number,
    @Query(new ZodPipe(NotificationQuery)) query: NotificationQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Notification[]> {
    const { notifications, total } = await this.channels.notifications(id, query);
    response.setHeader('X-Total-Count', String(total));
    return notifications;
  }

  @Post(':id/notifications/:notificationId/send')
  @HttpCode(202)
  @ApiParam({ name: 'notificationId', schema: { type: 'string', format: 'uuid' } })
  @Answers(z.null(), 'One that was given up is sent again within a second, with the id it had.', 202)
  async again(
    @Param('id', new IdPipe()) id: number,
    @Param(new ZodPipe(NotificationId)) { notificationId }: z.infer<typeof NotificationId>,
  ): Promise<null> {
    await this.channels.again(id, notificationId);
    return null;
  }
}
