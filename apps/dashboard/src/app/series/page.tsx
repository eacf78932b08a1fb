import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Loading } from '@/parts/feedback';
import { SeriesScreen } from '@/screens/series';

export const metadata: Metadata = { title: 'Series' };

export default function SeriesPage() {
  return (
    <Suspense fallback={<Loading />}>
      <SeriesScreen />
    </Suspense>
  );
}
