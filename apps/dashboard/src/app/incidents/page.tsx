import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Loading } from '@/parts/feedback';
import { IncidentsScreen } from '@/screens/incidents';

export const metadata: Metadata = { title: 'Incidents' };

export default function IncidentsPage() {
  return (
    <Suspense fallback={<Loading />}>
      <IncidentsScreen />
    </Suspense>
  );
}
