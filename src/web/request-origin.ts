/** Where a request comes from, by what a browser says and cannot be made to say otherwise; pure. */

const loopbackNames: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

export function isLoopback(bind: string): boolean {
  return bind === "localhost" || bind === "::1" || /^127\.\d+\.\d+\.\d+$/.test(bind);
}

/**
 * Whether the Host header names this machine. A name that a stranger points at 127.0.0.1 would make their
 * page one of ours. The port may be another one, as through a tunnel.
 */
export function isLocalHost(host: string, bind: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return loopbackNames.includes(name) || name === bind || name === `[${bind}]`;
}

/**
 * The problem, for people; undefined when it comes from one of our own pages, or from a program.
 * `isSecure`: our pages are served by https, so that none of http is one of them.
 */
export function originProblem(headers: Headers, isSecure = false): string | undefined {
  const origin = headers.get("origin");
  const host = headers.get("host") ?? "";
  if (origin !== null) {
    const isOurs = hostOf(origin, isSecure) === host.toLowerCase();
    return isOurs ? undefined : "it comes from another site";
  }
  const site = headers.get("sec-fetch-site");
  const isOwn = site === null || site === "same-origin" || site === "none";
  return isOwn ? undefined : "it comes from another site";
}

/** With its port where that is not the usual one, as the Host header has it. */
function hostOf(origin: string, isSecure: boolean): string | undefined {
  const url = URL.parse(origin);
  const schemes = isSecure ? /^https:$/ : /^https?:$/;
  return url !== null && schemes.test(url.protocol) ? url.host : undefined;
}

/** Where to go after the login: only to a path of ours. */
export function safePath(path: string | null): string {
  return path !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(path) && path.length < 1000 ? path : "/";
}
