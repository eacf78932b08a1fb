import type { Metadata } from 'next';
import { SourcesScreen } from '@/screens/sources';

export const metadata: Metadata = { title: 'Sources' };

export default function SourcesPage() {
  return <SourcesScreen />;
}
