import { readFileSync, rmSync } from "node:fs";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** What the browser may load: the policy CloudFront sends, but for what only a header can say. */
function contentSecurityPolicy(): string {
  const template = readFileSync(new URL("../template.yaml", import.meta.url), "utf8");
  const policy = /ContentSecurityPolicy: "(.*); frame-ancestors 'none'"/.exec(template)?.[1];
  if (!policy) throw new Error("template.yaml has no ContentSecurityPolicy that ends in frame-ancestors 'none'");
  return policy;
}

/** The built page carries its own policy, so that it holds on any host; development needs inline scripts. */
function production(): Plugin {
  return {
    name: "production",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: contentSecurityPolicy() },
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
