import type { Metadata } from 'next';
import { VerdictScreen } from '@/screens/verdict';

export const metadata: Metadata = { title: 'Verdict' };

export default function VerdictPage() {
  return <VerdictScreen />;
}
