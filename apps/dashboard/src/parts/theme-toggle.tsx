/** One button between light and dark. */
'use client';

import { Moon, Sun } from 'lucide-react';
import { chooseTheme, useTheme } from '@/theme';
import { IconButton } from './button';

export function ThemeToggle() {
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  const Icon = other === 'dark' ? Moon : Sun;
  return (
    <IconButton label={`Use the ${other} theme`} onClick={() => chooseTheme(other)} disabled={theme === null}>
      <Icon aria-hidden className="size-4" />
    </IconButton>
  );
}
