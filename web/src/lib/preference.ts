/** Choices of taste that outlive a reload. In cookies: nothing is kept in web storage. */
type Preference = "theme" | "rail";

export function readPreference(name: Preference): string | undefined {
  return document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

export function writePreference(name: Preference, value: string): void {
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Strict`;
}
