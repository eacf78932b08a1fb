import { Global, Module } from '@nestjs/common';
import { AccessMiddleware } from './access.middleware';
import { AccessService } from './access.service';
import { AccessStore } from './access.store';
import { SessionController } from './session.controller';

@Global()
@Module({
  controllers: [SessionController],
  providers: [AccessService, AccessStore, AccessMiddleware],
  exports: [AccessService, AccessMiddleware],
})
export class HttpModule {}
