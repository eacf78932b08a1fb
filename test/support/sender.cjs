/**
 * The part of the scorer that sends, in a process of its own that can be killed: it says `ready`, is told the time, and empties the
 * outbox from then on. It runs what was built.
 */
const dist = (file) => require(`../../apps/backend/dist/${file}`);
const { AlertStore } = dist('alerts/alert.store');
const { ChannelStore } = dist('alerts/channel.store');
const { ChartStore } = dist('alerts/chart.store');
const { IncidentStore } = dist('alerts/incident.store');
const { NotificationService } = dist('alerts/notification.service');
const { NotificationStore } = dist('alerts/notification.store');
const { PictureService } = dist('alerts/picture.service');
const { SafeService } = dist('alerts/safe.service');
const { readConfig } = dist('config');
const { Database } = dist('database/database');
const { VaultService } = dist('database/vault.service');
const { VerdictLinkService } = dist('alerts/verdict-link.service');

const EVERY_MS = 20;

const config = readConfig({ SECRET_KEY: process.env.SECRET_KEY });
const database = new Database(process.env.DATABASE_URL, { poolSize: 3, name: 'sender' });

process.once('message', ({ nowMs }) => {
  const channels = new ChannelStore(database);
  const service = new NotificationService(
    database,
    new NotificationStore(database),
    new IncidentStore(database),
    new AlertStore(database),
    channels,
    new SafeService(channels, new VaultService(config)),
    new PictureService(new ChartStore(database)),
    new VerdictLinkService(() => nowMs, new VaultService(config)),
    config,
    () => nowMs,
  );
  let isLooking = false;
  setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    await service.deliver(Math.random);
    isLooking = false;
  }, EVERY_MS);
});

database.query('SELECT 1').then(() => process.send('ready'));
