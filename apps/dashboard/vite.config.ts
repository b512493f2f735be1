import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const controller = 'https://localhost:8443';

export default defineConfig({
  plugins: [react()],
  build: {
    sourcemap: false,
    // Inlined assets would be data: URLs, which the content security policy allows for images only.
    assetsInlineLimit: 0,
    // The polyfill is an inline script; every browser we serve knows modulepreload.
    modulePreload: { polyfill: false },
  },
  server: {
    // The development controller has a certificate of its own CA, and it answers its own origin only.
    proxy: {
      '/api': { target: controller, secure: false, ws: true, changeOrigin: true, headers: { origin: controller } },
    },
  },
});
