/** All series, found by name or label; the search is in the address, so that it can be linked to. */
'use client';

import { Plus, Search, X } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { useEffect, useState } from 'react';
import type { Series } from '@bellwether/contracts';
import { useSeriesList, type Page } from '@/api';
import { Button } from '@/parts/button';
import { PageHead } from '@/parts/card';
import { Connect } from '@/parts/connect';
import { Modal } from '@/parts/dialog';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { INPUT } from '@/parts/field';
import { useNow, useSettled, useTitle } from '@/parts/hooks';
import { Pager } from '@/parts/pager';
import { SeriesName, StateBadge } from '@/parts/series-name';
import { ago, counted, duration, localTime, MISSING, quantity, scoreInWords } from '@/words';

const LIMIT = 50;

export function SeriesList() {
  const params = useSearchParams();
  const labels = params.getAll('label');
  const [text, setText] = useState(params.get('search') ?? '');
  const [offset, setOffset] = useState(0);
  const search = useSettled(text.trim(), 250);
  const { data: page, error, mutate } = useSeriesList({ search, labels, limit: LIMIT, offset });
  useTitle('Series');
  const remember = (nextLabels: string[]) => {
    setOffset(0);
    window.history.replaceState(null, '', addressOf(search, nextLabels));
  };

  useEffect(() => {
    const kept = new URLSearchParams(window.location.search).getAll('label');
    window.history.replaceState(null, '', addressOf(search, kept));
  }, [search]);

  return (
    <>
      <PageHead title="Series" actions={<AddSamples />}>
        {page !== undefined &&
          `${counted(page.total, 'series', 'series')}${search === '' ? '' : ` with “${search}”`}`}
      </PageHead>
      <SearchBox
        text={text}
        onText={(next) => {
          setText(next);
          setOffset(0);
        }}
      />
      <LabelFilters
        labels={labels}
        onRemove={(label) => remember(labels.filter((other) => other !== label))}
      />
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      {page === undefined ? (
        error === undefined && <Loading what="Loading series" />
      ) : (
        <Results
          page={page}
          isFiltered={search !== '' || labels.length > 0}
          onClear={() => {
            setText('');
            window.history.replaceState(null, '', '/series/');
          }}
        />
      )}
      {page !== undefined && <Pager total={page.total} limit={LIMIT} offset={offset} onOffset={setOffset} />}
    </>
  );
}

function addressOf(search: string, labels: string[]): string {
  const params = new URLSearchParams(labels.map((label) => ['label', label]));
  if (search !== '') params.set('search', search);
  const text = params.toString();
  return text === '' ? '/series/' : `/series/?${text}`;
}

function SearchBox({ text, onText }: { text: string; onText: (text: string) => void }) {
  return (
    <div role="search" className="relative mb-3 max-w-md">
      <Search aria-hidden className="absolute top-2.5 left-2.5 size-4 text-muted" />
      <input
        type="search"
        aria-label="Search series"
        placeholder="Search by name or label"
        maxLength={200}
        value={text}
        onChange={(event) => onText(event.target.value)}
        className={`${INPUT} pl-8`}
      />
    </div>
  );
}

function LabelFilters({ labels, onRemove }: { labels: string[]; onRemove: (label: string) => void }) {
  if (labels.length === 0) return null;
  return (
    <ul aria-label="Label filters" className="mb-3 flex flex-wrap gap-2">
      {labels.map((label) => (
        <li key={label}>
          <Button aria-label={`Remove the filter ${label}`} onClick={() => onRemove(label)}>
            {label} <X aria-hidden className="size-3.5" />
          </Button>
        </li>
      ))}
    </ul>
  );
}

function AddSamples() {
  const [isOpen, setOpen] = useState(false);
  return (
    <Modal
      isOpen={isOpen}
      onOpenChange={setOpen}
      title="Add samples"
      trigger={
        <Button>
          <Plus aria-hidden className="size-4" /> Add samples
        </Button>
      }
    >
      <Connect hasDemo={false} onDone={() => setOpen(false)} />
    </Modal>
  );
}

interface ResultsProps {
  page: Page<Series>;
  isFiltered: boolean;
  onClear: () => void;
}

function Results({ page, isFiltered, onClear }: ResultsProps) {
  if (page.items.length > 0) return <SeriesTable items={page.items} />;
  if (isFiltered) {
    return (
      <Empty title="No series matches" action={<Button onClick={onClear}>Show all series</Button>}>
        Try part of a name (cpu), or a label as key=value (host=web-1).
      </Empty>
    );
  }
  return <Connect />;
}

const CELL = 'border-t border-line px-3 py-2 align-top';
const WIDE = 'hidden md:table-cell';

function SeriesTable({ items }: { items: Series[] }) {
  const now = useNow();
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface">
      <table className="w-full text-left text-sm">
        <caption className="sr-only">Series with their newest sample</caption>
        <thead className="text-xs text-muted">
          <tr>
            <th scope="col" className="px-3 py-2 font-medium">
              Series
            </th>
            <th scope="col" className={`px-3 py-2 font-medium ${WIDE}`}>
              State
            </th>
            <th scope="col" className="px-3 py-2 text-right font-medium">
              Newest
            </th>
            <th scope="col" className={`px-3 py-2 font-medium ${WIDE}`}>
              Chance of it
            </th>
            <th scope="col" className="hidden px-3 py-2 font-medium lg:table-cell">
              Strangest of the last 60
            </th>
            <th scope="col" className="hidden px-3 py-2 font-medium lg:table-cell">
              Period
            </th>
            <th scope="col" className={`px-3 py-2 font-medium ${WIDE}`}>
              Newest at
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((series) => (
            <SeriesRow key={series.id} series={series} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SeriesRow({ series, now }: { series: Series; now: number }) {
  const last = series.lastSampleAt === null ? null : Date.parse(series.lastSampleAt);
  return (
    <tr className="hover:bg-raised/60">
      <th scope="row" className={`${CELL} font-normal`}>
        <SeriesName id={series.id} name={series.name} labels={series.labels} />
        <span className="mt-1 block md:hidden">
          <StateBadge series={series} />
        </span>
      </th>
      <td className={`${CELL} ${WIDE}`}>
        <StateBadge series={series} />
      </td>
      <td className={`${CELL} text-right font-medium whitespace-nowrap`}>
        {quantity(series.lastValue, series.unit)}
        <span className="block text-xs font-normal text-muted md:hidden">
          {last === null ? '' : ago(last, now)}
        </span>
      </td>
      <td className={`${CELL} ${WIDE} whitespace-nowrap`}>{scoreInWords(series.score)}</td>
      <td className={`${CELL} hidden whitespace-nowrap lg:table-cell`}>{scoreInWords(series.peakScore)}</td>
      <td className={`${CELL} hidden whitespace-nowrap lg:table-cell`}>
        {series.periodMs === null ? 'not known yet' : duration(series.periodMs)}
      </td>
      <td
        className={`${CELL} ${WIDE} whitespace-nowrap text-muted`}
        title={last === null ? undefined : localTime(last)}
      >
        {last === null ? MISSING : ago(last, now)}
      </td>
    </tr>
  );
}
