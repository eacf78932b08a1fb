import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Loading } from '@/parts/feedback';
import { AlertsScreen } from '@/screens/alerts';

export const metadata: Metadata = { title: 'Alerts' };

export default function AlertsPage() {
  return (
    <Suspense fallback={<Loading />}>
      <AlertsScreen />
    </Suspense>
  );
}
