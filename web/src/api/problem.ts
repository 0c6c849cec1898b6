import { sentence, stopped } from "../lib/units";
import type { components } from "./schema";

type Body = components["schemas"]["Problem"];

/** What the API answered instead of what was asked, or that it did not answer (status 0). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  /** Message by JSON pointer, such as `/email`. */
  readonly fields: Record<string, string>;

  constructor(status: number, body: Partial<Body>) {
    super(said(body.detail ?? body.title ?? "The server could not be reached."));
    this.status = status;
    this.code = body.code ?? (status === 0 ? "unreachable" : "unknown");
    this.requestId = body.request_id ?? undefined;
    this.fields = Object.fromEntries((body.errors ?? []).map((each) => [each.pointer, said(each.message)]));
  }

  /** Whether asking again may help. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** As a sentence: the API writes for logs as well and begins small. */
const said = (text: string): string => stopped(sentence(text));

/** Any thrown thing as a problem. */
export const asProblem = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(0, { detail: String(error) });

/** The problem a response stands for. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: Partial<Body> = await response.json().catch(() => ({ title: response.statusText || `HTTP ${response.status}` }));
  return new Problem(response.status, body);
}
