import {
  Controller,
  Inject,
  type MessageEvent,
  type OnModuleDestroy,
  type OnModuleInit,
  Sse,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { LiveEvent } from '@bellwether/contracts';
import {
  bufferTime,
  filter,
  interval,
  map,
  merge,
  mergeMap,
  type Observable,
  ReplaySubject,
  share,
  Subject,
  takeUntil,
} from 'rxjs';
import { Database } from '../database/database';
import { subscribe } from '../database/live';
import { Answers } from '../http/docs';
import { coalesce } from './events';

const COALESCE_MS = 250;
const HEARTBEAT_MS = 15_000;

/** Server-sent events: every open screen hears what changed, a few times a second at most. */
@ApiTags('events')
@Controller('api/v1/events')
export class EventsController implements OnModuleInit, OnModuleDestroy {
  private readonly heard = new Subject<LiveEvent>();
  /** Also ends the streams that are opened after it. */
  private readonly ended = new ReplaySubject<void>(1);
  private readonly told = this.heard.pipe(
    bufferTime(COALESCE_MS),
    filter((events) => events.length > 0),
    mergeMap(coalesce),
    share(),
  );

  constructor(@Inject(Database) private readonly database: Database) {}

  async onModuleInit(): Promise<void> {
    await subscribe(this.database, (event) => this.heard.next(event));
  }

  /** A stream that stays open would hold up the end of the process. */
  onModuleDestroy(): void {
    this.ended.next();
    this.ended.complete();
  }

  @Sse()
  @Answers(
    LiveEvent,
    'A stream of `text/event-stream`; the data of each message is a LiveEvent. `event: ping` keeps it open.',
  )
  stream(): Observable<MessageEvent> {
    const events = this.told.pipe(map((event) => ({ data: event })));
    const heartbeat = interval(HEARTBEAT_MS).pipe(map(() => ({ type: 'ping', data: '' })));
    return merge(events, heartbeat).pipe(takeUntil(this.ended));
  }
}
