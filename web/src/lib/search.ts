/** Readers of URL search parameters. What is absent or wrong is left out, so links stay short and never break. */
type Raw = Record<string, unknown>;

/** One of `allowed`, else nothing. */
export function oneOf<T extends string | number>(raw: Raw, key: string, allowed: readonly T[]): T | undefined {
  return allowed.find((value) => String(value) === String(raw[key]));
}

/** A text that is not empty, else nothing. */
export function text(raw: Raw, key: string): string | undefined {
  const value = raw[key];
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.length > 0 && value.length <= 400 ? value : undefined;
}

/** Leaves out what is undefined, so that it does not appear in the URL. */
export function present<T extends Record<string, unknown>>(search: T): { [K in keyof T]?: T[K] } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as never;
}

/** A place inside this application to return to; anything else leads to the overview. */
export function localPath(value: string | undefined): string {
  return value?.startsWith("/") && !value.startsWith("//") && !value.includes("\\") ? value : "/";
}
