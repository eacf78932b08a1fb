import type { Metadata } from 'next';
import { LinkButton } from '@/parts/button';
import { Empty } from '@/parts/feedback';

export const metadata: Metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <Empty title="There is no such page" action={<LinkButton href="/">Go to the overview</LinkButton>}>
      The address may be mistyped, or the page has moved.
    </Empty>
  );
}
