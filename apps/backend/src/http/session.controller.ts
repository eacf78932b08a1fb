import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Session, SessionInput } from '@bellwether/contracts';
import type { Response } from 'express';
import { CONFIG, type Config } from '../config';
import { SESSION_COOKIE, SESSION_MS } from './access';
import { AccessService } from './access.service';
import { CLOCK, type Clock } from '../clock';
import { Answers, Takes } from './docs';
import { RequestError } from './problem';
import { ZodPipe } from './zod.pipe';

/** Trades an API key for a cookie that scripts cannot read and other sites cannot send. */
@ApiTags('session')
@Controller('api/v1/session')
export class SessionController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Get()
  @Answers(Session, 'Whether a key is needed, and whether this browser has shown one.')
  async read(@Headers() headers: { authorization?: string; cookie?: string }): Promise<Session> {
    return { needsKey: this.access.needsKey, isSignedIn: await this.access.isAllowed(headers, this.now()) };
  }

  @Post()
  @HttpCode(200)
  @Takes(SessionInput)
  @Answers(Session, 'Signed in: the cookie is set.')
  async signIn(
    @Body(new ZodPipe(SessionInput)) { key }: SessionInput,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Session> {
    if (!this.access.needsKey) return { needsKey: false, isSignedIn: true };
    const token = await this.access.signIn(key.trim(), this.now());
    if (!token)
      throw new RequestError(
        401,
        'That key is not known here. It was printed once, at the first start; API_KEY sets one of your own.',
      );
    response.cookie(SESSION_COOKIE, token, { ...this.cookieOptions(), maxAge: SESSION_MS });
    return { needsKey: true, isSignedIn: true };
  }

  @Delete()
  @Answers(Session, 'Signed out.')
  signOut(@Res({ passthrough: true }) response: Response): Session {
    response.clearCookie(SESSION_COOKIE, this.cookieOptions());
    return { needsKey: this.access.needsKey, isSignedIn: !this.access.needsKey };
  }

  private cookieOptions() {
    const secure = this.config.PUBLIC_URL?.startsWith('https:') ?? false;
    return { httpOnly: true, sameSite: 'strict', path: '/', secure } as const;
  }
}
