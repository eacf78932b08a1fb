/** A titled surface, and the small things that stand on it. */
import type { ReactNode } from 'react';

interface CardProps {
  title?: string;
  /** Stands at the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

export function Card({ title, aside, children, className = '' }: CardProps) {
  const Frame = title === undefined ? 'div' : 'section';
  return (
    <Frame aria-label={title} className={`rounded-lg border border-line bg-surface p-3 sm:p-4 ${className}`}>
      {title !== undefined && (
        <div className="mb-2 flex flex-wrap items-baseline justify-between gap-x-3 gap-y-1">
          <h2 className="text-[0.95rem] font-semibold">{title}</h2>
          {aside !== undefined && <div className="text-sm text-muted">{aside}</div>}
        </div>
      )}
      {children}
    </Frame>
  );
}

interface PageHeadProps {
  title: string;
  /** One sentence under the title. */
  children?: ReactNode;
  actions?: ReactNode;
}

export function PageHead({ title, children, actions }: PageHeadProps) {
  return (
    <div className="mb-4 flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
      <div className="min-w-0">
        <h1 className="text-xl font-semibold tracking-tight break-words">{title}</h1>
        {children !== undefined && <div className="mt-0.5 text-sm text-muted">{children}</div>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
    </div>
  );
}

/** A name and its value, for a <dl>. */
export function Fact({
  name,
  children,
  title,
}: {
  name: string;
  children: ReactNode;
  title?: string | undefined;
}) {
  return (
    <div title={title} className="min-w-0">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="font-medium break-words">{children}</dd>
    </div>
  );
}
