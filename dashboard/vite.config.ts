import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dashboard` finds a server to show. */
const server = process.env.NEUTRINO_API ?? 'http://127.0.0.1:9696';

export default defineConfig({
  // Every address is relative: the server may be reached behind a prefix.
  base: './',
  plugins: [react()],
  build: {
    target: 'es2023',
    // Nothing inline: the server's content security policy refuses `data:` in scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
  },
  server: {
    proxy: Object.fromEntries(['/v2.0', '/openapi.json', '/dashboard/'].map((path) => [path, { target: server }])),
  },
});
