import { Global, Module } from '@nestjs/common';
import { AccessService } from './access.service';
import { AccessStore } from './access.store';
import { SessionController } from './session.controller';

@Global()
@Module({
  controllers: [SessionController],
  providers: [AccessService, AccessStore],
  exports: [AccessService],
})
export class HttpModule {}
