import { rmSync } from "node:fs";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** What the browser may load: this origin and nothing else. `frame-ancestors` needs the HTTP header. */
export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'";

/** The built page carries its own policy, so that it holds on any host; development needs inline scripts. */
function production(): Plugin {
  return {
    name: "production",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: contentSecurityPolicy },
        injectTo: "head-prepend",
      },
    ],
    // The mock worker lies in `public/` for development only.
    closeBundle: () => rmSync("dist/mockServiceWorker.js", { force: true }),
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), production()],
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": process.env["API_URL"] ?? "http://127.0.0.1:4280" } },
  test: { include: ["tests/unit/**/*.test.ts"], testTimeout: 120_000 },
} as Parameters<typeof defineConfig>[0]);
