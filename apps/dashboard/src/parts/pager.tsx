/** Steps through a list that is longer than a page. */
import { counted } from '@/words';
import { Button } from './button';

interface PagerProps {
  total: number;
  limit: number;
  offset: number;
  onOffset: (offset: number) => void;
}

export function Pager({ total, limit, offset, onOffset }: PagerProps) {
  if (total <= limit) return null;
  return (
    <nav aria-label="Pages" className="mt-3 flex flex-wrap items-center gap-2 text-sm">
      <Button disabled={offset === 0} onClick={() => onOffset(Math.max(0, offset - limit))}>
        Previous
      </Button>
      <Button disabled={offset + limit >= total} onClick={() => onOffset(offset + limit)}>
        Next
      </Button>
      <span className="text-muted">
        {offset + 1} to {Math.min(offset + limit, total)} of {counted(total, 'in all', 'in all')}
      </span>
    </nav>
  );
}
