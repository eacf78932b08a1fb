import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Source, SourceChange, SourceInput, SourceSettings, SourceTest } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { SecretUnusable } from '../database/secret';
import { VaultService } from '../database/vault.service';
import { BadInput, Conflict, NotFound } from '../http/problem';
import { IngestService } from '../ingest/ingest.service';
import { NOTHING, tryOnce } from './kinds';
import { RunnerService } from './runner.service';
import {
  addressOf,
  brokenTest,
  changeSecrets,
  givesAll,
  goesOn,
  judge,
  namesOf,
  type Secrets,
  secretsSet,
  SourceError,
  summarize,
  tidy,
} from './source';
import { SourceStore, type StoredSource } from './source.store';

const MOST_SOURCES = 200;

/** What a person does with sources; running them is the runner's. */
@Injectable()
export class SourceService {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(SourceStore) private readonly store: SourceStore,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(IngestService) private readonly ingest: IngestService,
    @Inject(RunnerService) private readonly runner: RunnerService,
  ) {}

  async list(): Promise<Source[]> {
    const sources = await this.store.all();
    return sources.map((source) => shown(source, this.now()));
  }

  async read(id: number): Promise<Source> {
    return shown(await this.find(id), this.now());
  }

  async add({ name, isEnabled, ...given }: SourceInput): Promise<Source> {
    const { settings, secrets } = tidied(withClientId(given.settings, null), given.secrets);
    const kept = await this.sealed(settings, changeSecrets({}, secrets));
    const id = await this.store.add({ name, isEnabled, settings, ...kept }, MOST_SOURCES);
    if (id === undefined)
      throw new Conflict(`There are ${MOST_SOURCES} sources already: delete one to make room.`);
    return this.read(id);
  }

  async change(id: number, change: SourceChange): Promise<Source> {
    const before = await this.find(id);
    const given = withClientId(change.settings ?? before.settings, before.settings);
    if (given.kind !== before.settings.kind)
      throw new BadInput(
        `settings.kind: a source stays of its kind, ${before.settings.kind}; add a new one.`,
      );
    const { settings, secrets } = tidied(given, change.secrets ?? {});
    const isElsewhere = addressOf(settings) !== addressOf(before.settings);
    if (isElsewhere && !givesAll(before.secretNames, secrets))
      throw new BadInput(
        'secrets: with another address or user they have to be given again, or removed: those that are kept go nowhere else.',
      );
    const kept =
      Object.keys(secrets).length === 0
        ? { sealed: before.sealed, secretNames: before.secretNames }
        : await this.sealed(settings, changeSecrets(await this.opened(before, secrets), secrets));
    const isDone = await this.store.change(id, before.version, {
      name: change.name ?? before.name,
      isEnabled: change.isEnabled ?? before.isEnabled,
      settings,
      ...kept,
      goesOn: goesOn(before.settings, settings),
    });
    if (!isDone)
      throw new Conflict('The source was changed by somebody else at this moment: look, and try again.');
    await this.runner.leave(before, settings);
    return this.read(id);
  }

  async remove(id: number): Promise<void> {
    const source = await this.find(id);
    await this.store.remove(id);
    await this.runner.leave(source);
  }

  /** Tries it once; nothing is written. */
  async test(id: number): Promise<SourceTest> {
    const source = await this.find(id);
    const { settings } = source;
    try {
      const secrets = await this.vault.open<Secrets>(source.sealed, addressOf(settings));
      const occasion = { nowMs: this.now(), accept: this.ingest.acceptance };
      return summarize(await tryOnce({ settings, secrets }, occasion, randomUUID()), NOTHING[settings.kind]);
    } catch (error) {
      if (error instanceof SourceError || error instanceof SecretUnusable) return brokenTest(error.message);
      throw error;
    }
  }

  private async find(id: number): Promise<StoredSource> {
    const source = await this.store.byId(id);
    if (!source) throw new NotFound('source', id);
    return source;
  }

  private async sealed(settings: SourceSettings, secrets: Secrets) {
    try {
      return { sealed: await this.vault.seal(secrets, addressOf(settings)), secretNames: namesOf(secrets) };
    } catch (error) {
      if (error instanceof SecretUnusable) throw new Conflict(error.message);
      throw error;
    }
  }

  /** Those that are all given anew need not be readable: the key may be lost. */
  private async opened(source: StoredSource, secrets: SourceChange['secrets']): Promise<Secrets> {
    if (givesAll(source.secretNames, secrets ?? {})) return {};
    try {
      return await this.vault.open<Secrets>(source.sealed, addressOf(source.settings));
    } catch (error) {
      if (error instanceof SecretUnusable) throw new Conflict(error.message);
      throw error;
    }
  }
}

function tidied(settings: SourceSettings, secrets: SourceInput['secrets']) {
  const result = tidy(settings, secrets);
  if (typeof result === 'string') throw new BadInput(`${result}.`);
  return result;
}

/** A broker knows its client by this for as long as the source is there. */
function withClientId(settings: SourceSettings, before: SourceSettings | null): SourceSettings {
  if (settings.kind !== 'mqtt' || settings.clientId !== null) return settings;
  const kept = before?.kind === 'mqtt' ? before.clientId : null;
  return { ...settings, clientId: kept ?? `bellwether-${randomUUID().slice(0, 8)}` };
}

function shown(source: StoredSource, nowMs: number): Source {
  const { id, name, isEnabled, settings, secretNames, createdAt, cursorAt } = source;
  const { lastSuccessAt, lastError, lastErrorAt, samplesWritten, refused } = source;
  const cursorAtMs = cursorAt?.getTime() ?? null;
  return {
    ...{ id, name, isEnabled, settings, lastError, samplesWritten, refused },
    secretsSet: secretsSet(secretNames),
    createdAt: createdAt.toISOString(),
    ...judge({
      isEnabled,
      lastSuccessMs: lastSuccessAt?.getTime() ?? null,
      lastError,
      samplesWritten,
      cursorAtMs,
    }),
    lastSuccessAt: lastSuccessAt?.toISOString() ?? null,
    lastErrorAt: lastErrorAt?.toISOString() ?? null,
    cursorAt: cursorAt?.toISOString() ?? null,
    lagMs: cursorAtMs === null ? null : Math.max(0, nowMs - cursorAtMs),
  };
}
