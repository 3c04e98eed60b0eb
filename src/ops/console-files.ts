import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Routes } from './http.ts';

const folder = join(import.meta.dirname, 'console');

const types = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' } as const;

const names = [
  'console.css',
  'console.js',
  'describe.js',
  'format.js',
  'icon.svg',
  'indexes.js',
  'letters.js',
  'page.js',
  'plot.js',
  'rates.js',
  'service.js',
  'shape.js',
  'tasks.js',
  'tones.js',
] as const;

/** The console's page and what it loads, as they stand in `console/`. */
export function consoleFiles(): Routes {
  const answer = (name: string, type: keyof typeof types): Routes[string] => {
    const body = readFileSync(join(folder, name), 'utf8');
    return () => ({ status: 200, type: `${types[type]}; charset=utf-8`, body });
  };
  return {
    '/': answer('index.html', 'html'),
    ...Object.fromEntries(
      names.map((name) => [`/console/${name}`, answer(name, name.split('.')[1] as keyof typeof types)]),
    ),
  };
}
