import type { Metadata } from 'next';
import { ModelsScreen } from '@/screens/models';

export const metadata: Metadata = { title: 'Models' };

export default function ModelsPage() {
  return <ModelsScreen />;
}
