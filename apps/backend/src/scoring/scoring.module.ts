import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { RegistryModule } from '../registry/registry.module';
import { TrainingModule } from '../training/training.module';
import { Champions } from './champions';
import { ForecastService } from './forecast.service';
import { ForecastStore } from './forecast.store';
import { PieceService } from './piece.service';
import { ScoreStore } from './score.store';
import { ScoringSchedule } from './scoring.schedule';
import { ScoringService } from './scoring.service';

@Module({ providers: [ForecastStore, ScoreStore], exports: [ForecastStore, ScoreStore] })
export class ScoringModule {}

/** What the scorer process adds; `listener` provides SCORE_LISTENER, from the modules in `imports`. */
@Module({})
export class ScorerModule {
  static with(listener: Provider, imports: Type[]): DynamicModule {
    return {
      module: ScorerModule,
      imports: [RegistryModule, TrainingModule, ScoringModule, ...imports],
      providers: [Champions, ForecastService, PieceService, ScoringService, ScoringSchedule, listener],
    };
  }
}
