/** A word with its icon in a coloured pill: the state of a thing. */
import type { LucideIcon } from 'lucide-react';

export interface Look {
  word: string;
  icon: LucideIcon;
  /** Classes of its colours. */
  look: string;
}

export function Mark({ word, icon: Icon, look, title }: Look & { title?: string }) {
  return (
    <span
      title={title}
      className={`inline-flex items-center gap-1 rounded-full px-2 text-xs leading-5 font-medium whitespace-nowrap ${look}`}
    >
      <Icon aria-hidden className="size-3" />
      {word}
    </span>
  );
}
