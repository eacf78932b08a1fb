import { Global, Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { Database } from './database';
import { VaultService } from './vault.service';

/** Gives every module the configuration, the clock, the database and the vault of this process. */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

  static with({
    config,
    clock,
    database,
  }: {
    config: Config;
    clock: Clock;
    database: Database;
  }): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: CLOCK, useValue: clock },
        { provide: Database, useValue: database },
        VaultService,
      ],
      exports: [CONFIG, CLOCK, Database, VaultService],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
