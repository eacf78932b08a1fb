/** The frame around every screen: navigation (a side bar, or a bar at the bottom of a phone), live state, demo strip. */
'use client';

import {
  Activity,
  BellOff,
  BellRing,
  BrainCircuit,
  CloudDownload,
  LayoutDashboard,
  Settings,
  type LucideIcon,
} from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import type { ReactNode } from 'react';
import { SWRConfig } from 'swr';
import { ApiError, useOpenIncidents } from '@/api';
import { LiveProvider } from '@/live';
import { counted } from '@/words';
import { DemoStrip } from './demo-strip';
import { LiveNote } from './live-note';
import { ThemeToggle } from './theme-toggle';
import { UploadOutcome } from './upload-outcome';

const PLACES: { href: string; name: string; icon: LucideIcon }[] = [
  { href: '/', name: 'Overview', icon: LayoutDashboard },
  { href: '/series/', name: 'Series', icon: Activity },
  { href: '/incidents/', name: 'Incidents', icon: BellRing },
  { href: '/silences/', name: 'Silences', icon: BellOff },
  { href: '/models/', name: 'Models', icon: BrainCircuit },
  { href: '/sources/', name: 'Sources', icon: CloudDownload },
  { href: '/settings/', name: 'Settings', icon: Settings },
];

/** What was refused stays refused; what did not answer is asked again. */
function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
}

export function Shell({ children }: { children: ReactNode }) {
  // Without a key nothing of the frame could be asked for.
  const isAlone = /^\/(sign-in|verdict)\b/.test(usePathname());
  return (
    <SWRConfig
      value={{ shouldRetryOnError: isWorthRetrying, errorRetryInterval: 4000, dedupingInterval: 500 }}
    >
      {isAlone ? (
        <main className="grid min-h-dvh place-items-center p-4">{children}</main>
      ) : (
        <LiveProvider>
          <UploadOutcome>{(strip) => <Frame strip={strip}>{children}</Frame>}</UploadOutcome>
        </LiveProvider>
      )}
    </SWRConfig>
  );
}

function Frame({ children, strip }: { children: ReactNode; strip: ReactNode }) {
  const open = useOpenIncidents().data?.total;
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[13rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-accent focus:px-3 focus:py-2 focus:text-accent-ink"
      >
        Skip to content
      </a>
      <header className="sticky top-0 z-30 flex h-12 items-center gap-3 border-b border-line bg-surface px-3 lg:h-dvh lg:flex-col lg:items-stretch lg:gap-1 lg:border-r lg:border-b-0 lg:p-3">
        <Brand />
        <Navigation open={open} />
        <div className="ml-auto flex items-center gap-2 lg:mt-auto lg:ml-0 lg:justify-between lg:pl-2">
          <LiveNote />
          <ThemeToggle />
        </div>
      </header>
      <div className="min-w-0 pb-16 lg:pb-0">
        <DemoStrip />
        {strip}
        <main id="main" tabIndex={-1} className="mx-auto max-w-7xl px-3 py-4 sm:px-5 sm:py-5">
          {children}
        </main>
      </div>
      <p className="sr-only" role="status" aria-live="polite">
        {open === undefined ? '' : open === 0 ? 'No incident is open' : `${counted(open, 'incident')} open`}
      </p>
    </div>
  );
}

function Brand() {
  return (
    <Link
      href="/"
      className="flex items-center gap-2 rounded-md px-1 py-1 font-semibold tracking-tight lg:mb-3"
    >
      <svg aria-hidden viewBox="0 0 32 32" className="size-6">
        <rect width="32" height="32" rx="7" className="fill-accent" />
        <path
          d="M6 21c3 0 4-1.500 5-6 .9-4 2.400-7 5-7s4.100 3 5 7c1 4.500 2 6 5 6"
          fill="none"
          strokeWidth="2.400"
          strokeLinecap="round"
          className="stroke-accent-ink"
        />
        <circle cx="16" cy="24.500" r="2.100" className="fill-accent-ink" />
      </svg>
      Bellwether
    </Link>
  );
}

/** Alerts are a part of incidents, and have no place of their own. */
const isWithin = (href: string, path: string): boolean =>
  path.startsWith(href.slice(0, -1)) || (href === '/incidents/' && path.startsWith('/alerts'));

function Navigation({ open }: { open: number | undefined }) {
  const path = usePathname();
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-7 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] lg:static lg:flex lg:flex-col lg:gap-0.5 lg:border-0 lg:pb-0"
    >
      {PLACES.map(({ href, name, icon: Icon }) => {
        const isHere = href === '/' ? path === '/' : isWithin(href, path);
        return (
          <Link
            key={href}
            href={href}
            aria-current={isHere ? 'page' : undefined}
            className="relative flex flex-col items-center gap-0.5 py-2 text-[0.7rem] text-muted hover:text-ink aria-[current]:font-semibold aria-[current]:text-accent lg:flex-row lg:gap-2.5 lg:rounded-md lg:px-2 lg:py-1.5 lg:text-sm lg:hover:bg-raised lg:aria-[current]:bg-accent-soft"
          >
            <Icon aria-hidden className="size-5 lg:size-4" />
            {name}
            {name === 'Incidents' && open !== undefined && open > 0 && <OpenCount count={open} />}
          </Link>
        );
      })}
    </nav>
  );
}

function OpenCount({ count }: { count: number }) {
  return (
    <span className="absolute top-1 left-1/2 ml-1.5 min-w-4 rounded-full bg-alert px-1 text-center text-[0.65rem] leading-4 font-semibold text-surface lg:static lg:ml-auto lg:px-1.5 lg:text-xs lg:leading-5">
      {count > 99 ? '99+' : count}
      <span className="sr-only"> open</span>
    </span>
  );
}
