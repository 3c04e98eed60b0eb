import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const folder = import.meta.dirname;

/** Two pages: the search, which everybody loads, and the editors' site. */
export default defineConfig({
  root: folder,
  build: {
    outDir: resolve(folder, 'dist'),
    emptyOutDir: true,
    target: 'es2023',
    // A page may have no style and no script but what it links, so nothing is put into it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      // `use client` is for servers that render; here all is the browser's.
      onLog: (level, log, say) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') say(level, log);
      },
      input: { search: resolve(folder, 'index.html'), admin: resolve(folder, 'admin/index.html') },
    },
  },
});
