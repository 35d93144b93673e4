// Language and theme: chosen on this device and remembered there; a wall may be given them in its address (?language=en&theme=dark).

import { computed, effect, signal } from '@preact/signals';
import type { Language } from './document.ts';
import { said, type Word } from './words.ts';

export type Theme = 'light' | 'dark';
type Known = Language | Theme;

const asked = new URLSearchParams(location.search);
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

const chosenLanguage = signal<Language | null>(remembered('language', ['zh', 'en']));
const chosenTheme = signal<Theme | null>(remembered('theme', ['light', 'dark']));
const systemTheme = signal<Theme>(prefersDark.matches ? 'dark' : 'light');

/** What the server says is spoken here; counts until somebody chooses. */
export const usualLanguage = signal<Language>(navigator.language.startsWith('zh') ? 'zh' : 'en');
export const language = computed<Language>(() => chosenLanguage.value ?? usualLanguage.value);
export const theme = computed<Theme>(() => chosenTheme.value ?? systemTheme.value);

/** The words in the language of the page. */
export function t(word: Word, values?: Record<string, string | number>): string {
  return said(language.value, word, values);
}

export function switchLanguage(): void {
  chosenLanguage.value = remember('language', language.value === 'zh' ? 'en' : 'zh');
}

export function switchTheme(): void {
  chosenTheme.value = remember('theme', theme.value === 'dark' ? 'light' : 'dark');
}

/** Keep the document's language and theme as chosen, and follow the system. */
export function followPreferences(): void {
  prefersDark.addEventListener('change', (event) => (systemTheme.value = event.matches ? 'dark' : 'light'));
  effect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset['theme'] = theme.value;
    document.title = t('title');
  });
}

function remembered<T extends Known>(name: string, known: readonly T[]): T | null {
  const value = asked.get(name) ?? stored(name);
  return known.find((each) => each === value) ?? null;
}

// A browser that forbids storage still shows the wallboard; it only forgets.
function stored(name: string): string | null {
  try {
    return localStorage.getItem(`hotline-${name}`);
  } catch {
    return null;
  }
}

function remember<T extends Known>(name: string, value: T): T {
  try {
    localStorage.setItem(`hotline-${name}`, value);
  } catch {
    // see above
  }
  return value;
}
