/** `/series/` is the list; `/series/?id=…` is one of them, since a static export knows no dynamic routes. */
'use client';

import { useSearchParams } from 'next/navigation';
import { OneSeries } from './one-series';
import { SeriesList } from './series-list';

export function SeriesScreen() {
  const params = useSearchParams();
  const id = Number(params.get('id') ?? NaN);
  return Number.isInteger(id) ? <OneSeries id={id} /> : <SeriesList key={params.getAll('label').join()} />;
}
