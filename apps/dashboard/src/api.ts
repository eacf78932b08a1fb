/**
 * The only file that talks to the network, through `request.ts` and `upload.ts`: the API's calls, and the hooks that cache their
 * answers. They are checked against the contracts while developing; a production build trusts the backend it came from.
 */
import type {
  Alert,
  Channel,
  ChannelChange,
  ChannelTest,
  DemoState,
  Detector,
  Explanation,
  Incident,
  IncidentDetail,
  Matcher,
  Model,
  NewChannel,
  Notification,
  Overview,
  RuleChange,
  RulePreview,
  Series,
  SeriesChange,
  SeriesView,
  Session,
  Silence,
  SilenceChange,
  SilenceInput,
  SilencePreview,
  Source,
  SourceChange,
  SourceInput,
  SourceTest,
  TrainingRun,
  Verdict,
  VerdictInput,
  VerdictKind,
  VerdictLinkAnswer,
  VerdictPreview,
} from '@bellwether/contracts';
import useSWR, { type SWRConfiguration } from 'swr';
import type { AlertListQuery, IncidentListQuery, Key, SeriesListQuery } from './keys';
import { API, type ApiError, call, callPage, type Page, query, send } from './request';
import { boundsOf, stretchOf, type RangeChoice } from './range';

export { ApiError, type Page } from './request';

// Reading

const getSeries = (id: number): Promise<Series> => call(`/series/${id}`, (c) => c.Series);

/** A span counts back from the newest sample, so it is looked up first. */
async function getView(id: number, choice: RangeChoice, points: number): Promise<SeriesView> {
  const needsBounds = choice.kind === 'newest' && choice.span !== null;
  const stretch = stretchOf(choice, needsBounds ? boundsOf(await getSeries(id)) : null);
  return call(`/series/${id}/view${query({ ...stretch, points })}`, (c) => c.SeriesView);
}

function getSeriesList({ search, labels, limit, offset }: SeriesListQuery): Promise<Page<Series>> {
  return callPage(`/series${query({ search, label: labels, limit, offset })}`, (c) => c.Series.array());
}

function getAlerts({ state, series, limit, offset }: AlertListQuery): Promise<Page<Alert>> {
  return callPage(`/alerts${query({ state, series, limit, offset })}`, (c) => c.Alert.array());
}

function useAnswer<T>(key: Key | null, get: () => Promise<T>, options?: SWRConfiguration<T, ApiError>) {
  return useSWR<T, ApiError>(key, get, options);
}

export const useOverview = () =>
  useAnswer(['overview'], () => call<Overview>('/overview', (c) => c.Overview));

export const useSeriesList = (list: SeriesListQuery) =>
  useAnswer(['series-list', list], () => getSeriesList(list), { keepPreviousData: true });

export const useSeries = (id: number) => useAnswer(['series', id], () => getSeries(id));

export const useView = (id: number, choice: RangeChoice, points: number) =>
  useAnswer(['view', id, choice, points], () => getView(id, choice, points), { keepPreviousData: true });

export const useAlerts = (list: AlertListQuery) =>
  useAnswer(['alerts', list], () => getAlerts(list), { keepPreviousData: true });

/** Newest first. */
export const useIncidents = (list: IncidentListQuery) =>
  useAnswer(
    ['incidents', list],
    () => callPage<Incident>(`/incidents${query({ ...list })}`, (c) => c.Incident.array()),
    { keepPreviousData: true },
  );

/** The newest that are open: what the overview shows and the frame counts. */
export const useOpenIncidents = () => useIncidents({ state: 'open', limit: 6, offset: 0 });

/** One with its story. */
export const useIncident = (id: number) =>
  useAnswer(['incident', id], () => call<IncidentDetail>(`/incidents/${id}`, (c) => c.IncidentDetail));

/** Why an alert fired, beyond its one sentence. */
export const useExplanation = (alertId: number) =>
  useAnswer(['explanation', alertId], () =>
    call<Explanation>(`/alerts/${alertId}/explanation`, (c) => c.Explanation),
  );

/** What a verdict on an alert would do; null: not asked yet. */
export const useVerdictPreview = (alertId: number, kind: VerdictKind | null) =>
  useAnswer(kind === null ? null : ['verdict-preview', alertId, kind], () =>
    call<VerdictPreview>(
      `/alerts/${alertId}/verdict/preview${query({ kind: kind! })}`,
      (c) => c.VerdictPreview,
    ),
  );

/** The alert that a link in a notification is about; null: the address has not been read yet. */
export const useVerdictLink = (token: string | null) =>
  useAnswer(token === null ? null : ['verdict-link', token], () => askByLink(token!));

/** What a verdict by such a link would do; null: not asked yet. */
export const useVerdictPreviewByLink = (token: string, kind: VerdictKind | null) =>
  useAnswer(kind === null ? null : ['verdict-link-preview', token, kind], async () => {
    const { preview } = await askByLink(token, kind!);
    return preview!;
  });

const askByLink = (token: string, kind?: VerdictKind): Promise<VerdictLinkAnswer> =>
  call('/verdict-link', (c) => c.VerdictLinkAnswer, { method: 'POST', body: { token, kind } });

export const useDetectors = () =>
  useAnswer(['detectors'], () => call<Detector[]>('/detectors', (c) => c.Detector.array()));

/** What a changed rule would have raised; nothing is asked again by itself, since it reads much. */
export const useRulePreview = (detectorId: number, change: RuleChange) =>
  useAnswer(
    ['rule-preview', detectorId, change],
    () =>
      call<RulePreview>(`/detectors/${detectorId}/preview`, (c) => c.RulePreview, {
        method: 'POST',
        body: change,
      }),
    { keepPreviousData: true, revalidateOnFocus: false, shouldRetryOnError: false },
  );

export const useModels = () => useAnswer(['models'], () => call<Model[]>('/models', (c) => c.Model.array()));

export const useTrainingRuns = (limit: number) =>
  useAnswer(['training-runs', limit], () =>
    call<TrainingRun[]>(`/training-runs${query({ limit })}`, (c) => c.TrainingRun.array()),
  );

/** No live event tells what became of a notification, so it is asked for. */
export const useChannels = () =>
  useAnswer(['channels'], () => call<Channel[]>('/channels', (c) => c.Channel.array()), {
    refreshInterval: 5000,
  });

/** What a channel could not be told, newest first. */
export const useFailures = (channelId: number) =>
  useAnswer(['failures', channelId], () =>
    callPage<Notification>(
      `/channels/${channelId}/notifications${query({ state: 'failed', limit: 20 })}`,
      (c) => c.Notification.array(),
    ),
  );

/** No live event tells how far a source has come, so it is asked for. */
export const useSources = () =>
  useAnswer(['sources'], () => call<Source[]>('/sources', (c) => c.Source.array()), {
    refreshInterval: 3000,
  });

/** No live event tells that the time of one has come, so they are asked for. */
export const useSilences = () =>
  useAnswer(['silences'], () => call<Silence[]>('/silences', (c) => c.Silence.array()), {
    refreshInterval: 5000,
  });

/** Which series these matchers match now; null: not asked yet. */
export const useSilencePreview = (matchers: Matcher[] | null) =>
  useAnswer(matchers === null ? null : ['silence-preview', matchers], () =>
    call<SilencePreview>('/silences/preview', (c) => c.SilencePreview, {
      method: 'POST',
      body: { matchers },
    }),
  );

export const useSession = () => useAnswer(['session'], () => call<Session>('/session', (c) => c.Session));

/** No live event tells of the demo itself, so its state is asked for: often while it runs, since its step changes. */
export const useDemo = () =>
  useAnswer(['demo'], () => call<DemoState>('/demo', (c) => c.DemoState), {
    refreshInterval: (demo?: DemoState) => (demo?.isRunning ? 4000 : 30_000),
  });

// Doing

export const changeSeries = (id: number, change: SeriesChange): Promise<Series> =>
  call(`/series/${id}`, (c) => c.Series, { method: 'PATCH', body: change });

/** Somebody is on it. */
export const acknowledge = (incidentId: number): Promise<Incident> =>
  call(`/incidents/${incidentId}/acknowledge`, (c) => c.Incident, { method: 'POST', body: {} });

export const takeBackAcknowledgement = (incidentId: number): Promise<Incident> =>
  call(`/incidents/${incidentId}/acknowledge`, (c) => c.Incident, { method: 'DELETE' });

export const giveVerdict = (alertId: number, verdict: VerdictInput): Promise<Verdict> =>
  call(`/alerts/${alertId}/verdict`, (c) => c.Verdict, { method: 'PUT', body: verdict });

export async function takeBackVerdict(alertId: number): Promise<void> {
  await send(`/alerts/${alertId}/verdict`, { method: 'DELETE' });
}

export const giveVerdictByLink = (token: string, verdict: VerdictInput): Promise<Verdict> =>
  call('/verdict-link', (c) => c.Verdict, { method: 'PUT', body: { token, ...verdict } });

export const changeRule = (detectorId: number, change: RuleChange): Promise<Detector> =>
  call(`/detectors/${detectorId}`, (c) => c.Detector, { method: 'PATCH', body: change });

export const trainNow = (detectorId: number): Promise<TrainingRun[]> =>
  call(`/detectors/${detectorId}/train`, (c) => c.TrainingRun.array(), { method: 'POST' });

export const addChannel = (channel: NewChannel): Promise<Channel> =>
  call('/channels', (c) => c.Channel, { method: 'POST', body: channel });

export const changeChannel = (id: number, change: ChannelChange): Promise<Channel> =>
  call(`/channels/${id}`, (c) => c.Channel, { method: 'PATCH', body: change });

export async function removeChannel(id: number): Promise<void> {
  await send(`/channels/${id}`, { method: 'DELETE' });
}

export const testChannel = (id: number): Promise<ChannelTest> =>
  call(`/channels/${id}/test`, (c) => c.ChannelTest, { method: 'POST' });

/** One that was given up is tried again. */
export async function sendAgain(channelId: number, notificationId: string): Promise<void> {
  await send(`/channels/${channelId}/notifications/${notificationId}/send`, { method: 'POST' });
}

export const addSource = (source: SourceInput): Promise<Source> =>
  call('/sources', (c) => c.Source, { method: 'POST', body: source });

export const changeSource = (id: number, change: SourceChange): Promise<Source> =>
  call(`/sources/${id}`, (c) => c.Source, { method: 'PATCH', body: change });

export async function removeSource(id: number): Promise<void> {
  await send(`/sources/${id}`, { method: 'DELETE' });
}

/** Tries it once; nothing is written. */
export const testSource = (id: number): Promise<SourceTest> =>
  call(`/sources/${id}/test`, (c) => c.SourceTest, { method: 'POST' });

export const addSilence = (silence: SilenceInput): Promise<Silence> =>
  call('/silences', (c) => c.Silence, { method: 'POST', body: silence });

export const changeSilence = (id: number, change: SilenceChange): Promise<Silence> =>
  call(`/silences/${id}`, (c) => c.Silence, { method: 'PATCH', body: change });

export const endSilence = (id: number, by: string): Promise<Silence> =>
  call(`/silences/${id}/end`, (c) => c.Silence, { method: 'POST', body: { by } });

export async function removeSilence(id: number): Promise<void> {
  await send(`/silences/${id}`, { method: 'DELETE' });
}

export const startDemo = (speed: number): Promise<DemoState> =>
  call('/demo', (c) => c.DemoState, { method: 'POST', body: { speed } });

/** Stops the replay; its series stay unless they are to be removed too. */
export async function stopDemo(series: 'keep' | 'remove'): Promise<void> {
  await send(`/demo${query({ forget: series === 'remove' ? 'true' : undefined })}`, { method: 'DELETE' });
}

export const signIn = (key: string): Promise<Session> =>
  call('/session', (c) => c.Session, { method: 'POST', body: { key } });

export async function signOut(): Promise<void> {
  await send('/session', { method: 'DELETE' });
}

// Listening

/** The stream of live events; each message's data is one LiveEvent. */
export const openEvents = (): EventSource => new EventSource(`${API}/events`);
