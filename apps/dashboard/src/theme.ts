/** Dark or light: what the system prefers, until a person says otherwise; their word is kept in localStorage. */
'use client';

import { useSyncExternalStore } from 'react';
import { STORED_AS } from './theme-script';

export type Theme = 'light' | 'dark';

const darkQuery = () => window.matchMedia('(prefers-color-scheme: dark)');

function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return darkQuery().matches ? 'dark' : 'light';
}

const listeners = new Set<() => void>();

/** The theme on screen; null while the page is rendered ahead of time and nobody knows. */
export function useTheme(): Theme | null {
  return useSyncExternalStore<Theme | null>(subscribe, currentTheme, () => null);
}

function subscribe(listener: () => void): () => void {
  const system = darkQuery();
  listeners.add(listener);
  system.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener('change', listener);
  };
}

/** Choosing what the system prefers anyway means following the system again. */
export function chooseTheme(theme: Theme): void {
  const isSystems = theme === (darkQuery().matches ? 'dark' : 'light');
  if (isSystems) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  store(isSystems ? null : theme);
  listeners.forEach((listener) => listener());
}

/** A browser may refuse storage altogether; the theme then lasts as long as the page. */
function store(theme: Theme | null): void {
  try {
    if (theme === null) localStorage.removeItem(STORED_AS);
    else localStorage.setItem(STORED_AS, theme);
  } catch {
    return;
  }
}
