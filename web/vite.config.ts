import { defineConfig } from 'vite';

// The server hands out the files below /assets/; their names carry a hash of what is in them, so browsers may keep them for ever.
export default defineConfig({
  base: '/assets/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../cti/http/assets',
    emptyOutDir: true,
    assetsDir: '.',
    assetsInlineLimit: 0, // the page's rules allow no data: addresses
    modulePreload: false,
    target: 'es2022',
    reportCompressedSize: false,
  },
});
