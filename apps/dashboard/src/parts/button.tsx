/** Buttons and links that look like them. */
import Link from 'next/link';
import type { ButtonHTMLAttributes, ComponentProps } from 'react';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

const BASE =
  'inline-flex min-h-8 items-center justify-center gap-1.5 rounded-md px-3 text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-55';

const LOOKS: Record<Look, string> = {
  primary: 'bg-accent text-accent-ink hover:brightness-110',
  plain: 'border border-line bg-surface text-ink hover:bg-raised',
  quiet: 'text-muted hover:bg-raised hover:text-ink',
  danger: 'border border-alert text-alert hover:bg-alert-soft',
};

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
}

export function Button({ look = 'plain', className = '', type = 'button', ...rest }: ButtonProps) {
  return <button type={type} className={`${BASE} ${LOOKS[look]} ${className}`} {...rest} />;
}

interface IconButtonProps extends ButtonProps {
  /** Its accessible name, shown as a title too. */
  label: string;
}

export function IconButton({ label, className = '', look = 'quiet', ...rest }: IconButtonProps) {
  return (
    <Button
      aria-label={label}
      title={label}
      look={look}
      className={`min-w-8 px-1.5 ${className}`}
      {...rest}
    />
  );
}

export function LinkButton({
  look = 'plain',
  className = '',
  ...rest
}: ComponentProps<typeof Link> & { look?: Look }) {
  return <Link className={`${BASE} ${LOOKS[look]} ${className}`} {...rest} />;
}
