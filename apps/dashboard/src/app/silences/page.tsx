import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Loading } from '@/parts/feedback';
import { SilencesScreen } from '@/screens/silences';

export const metadata: Metadata = { title: 'Silences' };

export default function SilencesPage() {
  return (
    <Suspense fallback={<Loading />}>
      <SilencesScreen />
    </Suspense>
  );
}
