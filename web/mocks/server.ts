import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { extname, join } from "node:path";
import { getResponse } from "msw";
import { makeHandlers } from "./handlers";
import { type Size, World } from "./world";

const KINDS: Record<string, string> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".json": "application/json",
};

/** The built site and the mocked API on one origin, as CloudFront serves them. */
export async function startServer(dist: string, size: Size): Promise<{ url: string; server: Server }> {
  const handlers = makeHandlers(new World(size, Date.now()));
  const server = createServer((incoming, outgoing) => {
    const broken = (error: unknown) => new Response(`the mock broke: ${String(error)}`, { status: 500 });
    void answer(incoming).catch(broken).then(async (response) => {
      outgoing.writeHead(response.status, [...response.headers].flat());
      outgoing.end(Buffer.from(await response.arrayBuffer()));
    });
  });
  async function answer(incoming: IncomingMessage): Promise<Response> {
    const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host}`);
    if (!url.pathname.startsWith("/api/")) return file(dist, url.pathname);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const method = incoming.method ?? "GET";
    const headers = incoming.headers as Record<string, string>;
    const request = new Request(url, { method, headers, body: method === "GET" ? null : Buffer.concat(chunks) });
    return (await getResponse(handlers, request)) ?? new Response("no such mock", { status: 404 });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the mock server has no port");
  return { url: `http://127.0.0.1:${address.port}`, server };
}

async function file(dist: string, path: string): Promise<Response> {
  const name = extname(path) ? path : "/index.html";
  const body = await readFile(join(dist, name)).catch(() => undefined);
  if (!body) return new Response("not found", { status: 404 });
  return new Response(new Uint8Array(body), { headers: { "Content-Type": KINDS[extname(name)] ?? "application/octet-stream" } });
}
