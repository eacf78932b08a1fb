import { Module } from '@nestjs/common';
import { RegistryModule } from '../registry/registry.module';
import { ScoringModule } from '../scoring/scoring.module';
import { TrainingModule } from '../training/training.module';
import { AlertController } from './alert.controller';
import { AlertService } from './alert.service';
import { AlertStore } from './alert.store';
import { BreachService } from './breach.service';
import { BreachStore } from './breach.store';
import { ChannelController } from './channel.controller';
import { ChannelService } from './channel.service';
import { ChannelStore } from './channel.store';
import { ChartStore } from './chart.store';
import { CorrectionStore } from './correction.store';
import { ExplanationController } from './explanation.controller';
import { ExplanationService } from './explanation.service';
import { ExplanationStore } from './explanation.store';
import { GroupingStore } from './grouping.store';
import { IncidentController } from './incident.controller';
import { IncidentDeskService } from './incident-desk.service';
import { IncidentSchedule } from './incident.schedule';
import { IncidentService } from './incident.service';
import { IncidentStore } from './incident.store';
import { NotificationSchedule } from './notification.schedule';
import { NotificationService } from './notification.service';
import { NotificationStore } from './notification.store';
import { OutboxStore } from './outbox.store';
import { PictureService } from './picture.service';
import { PreviewController } from './preview.controller';
import { PreviewService } from './preview.service';
import { PreviewStore } from './preview.store';
import { RelatedStore } from './related.store';
import { ProfileStore } from './profile.store';
import { SafeService } from './safe.service';
import { VerdictLinkController } from './verdict-link.controller';
import { VerdictLinkService } from './verdict-link.service';
import { VerdictController } from './verdict.controller';
import { VerdictService } from './verdict.service';
import { VerdictStore } from './verdict.store';
import { WatchSchedule } from './watch.schedule';
import { WatchService } from './watch.service';
import { WatchStore } from './watch.store';

/** Shows alerts and channels: for the process that answers HTTP. */
@Module({
  imports: [RegistryModule, TrainingModule, ScoringModule],
  controllers: [
    AlertController,
    ExplanationController,
    IncidentController,
    VerdictController,
    VerdictLinkController,
    ChannelController,
    PreviewController,
  ],
  providers: [
    AlertStore,
    ChannelService,
    ChannelStore,
    CorrectionStore,
    ExplanationService,
    ExplanationStore,
    GroupingStore,
    IncidentDeskService,
    IncidentStore,
    NotificationStore,
    PreviewService,
    PreviewStore,
    RelatedStore,
    SafeService,
    VerdictLinkService,
    VerdictService,
    VerdictStore,
  ],
  exports: [AlertStore],
})
export class AlertsModule {}

/** Makes alerts and notifies: for the process that scores. Needs `ScheduleModule.forRoot()` there. */
@Module({
  imports: [RegistryModule],
  providers: [
    AlertStore,
    AlertService,
    BreachService,
    BreachStore,
    ChannelStore,
    ChartStore,
    CorrectionStore,
    GroupingStore,
    IncidentSchedule,
    IncidentService,
    IncidentStore,
    NotificationStore,
    NotificationService,
    NotificationSchedule,
    OutboxStore,
    PictureService,
    RelatedStore,
    ProfileStore,
    SafeService,
    VerdictLinkService,
    WatchSchedule,
    WatchService,
    WatchStore,
  ],
  exports: [AlertService],
})
export class AlertsWorkerModule {}
