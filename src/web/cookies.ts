/** The one cookie: the id of the session. */

const plainName = "wildfire-session";
/** A browser takes a name with this only by TLS and only from this very host. */
const secureName = `__Host-${plainName}`;

function sessionCookieName(isSecure: boolean): string {
  return isSecure ? secureName : plainName;
}

const maxCandidates = 8;

/** All of that name: what is served from another port of this host may have set one, too. */
export function readSessionCookies(headers: Headers, isSecure: boolean): readonly string[] {
  const wanted = sessionCookieName(isSecure);
  const found: string[] = [];
  for (const pair of (headers.get("cookie") ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === wanted) found.push(pair.slice(at + 1).trim());
  }
  return found.slice(0, maxCandidates);
}

/** Without an id: forget it. */
export function sessionCookie(id: string | undefined, isSecure: boolean): string {
  const parts = [
    `${sessionCookieName(isSecure)}=${id ?? ""}`,
    "Path=/",
    "HttpOnly",
    "SameSite=Strict",
  ];
  if (isSecure) parts.push("Secure");
  if (id === undefined) parts.push("Max-Age=0");
  return parts.join("; ");
}
