/** The names of headers: compact forms, usual spelling, and which may come only once (RFC 3261 section 20). */

/** Those that a message holds in parts of its own instead of in `headers`. */
export const structuredNames = [
  "Via",
  "From",
  "To",
  "Call-ID",
  "CSeq",
  "Contact",
  "Route",
  "Record-Route",
  "Max-Forwards",
  "Content-Length",
] as const;

export type StructuredName = (typeof structuredNames)[number];

const structured: ReadonlySet<string> = new Set(structuredNames);

/** One letter for a name, as registered with IANA. */
const compactForms: Readonly<Record<string, string>> = {
  a: "Accept-Contact",
  b: "Referred-By",
  c: "Content-Type",
  d: "Request-Disposition",
  e: "Content-Encoding",
  f: "From",
  i: "Call-ID",
  j: "Reject-Contact",
  k: "Supported",
  l: "Content-Length",
  m: "Contact",
  n: "Identity-Info",
  o: "Event",
  r: "Refer-To",
  s: "Subject",
  t: "To",
  u: "Allow-Events",
  v: "Via",
  x: "Session-Expires",
  y: "Identity",
};

/** Where a second one would contradict the first; what nothing depends on may come twice. */
const singleNames: ReadonlySet<string> = new Set([
  "Authentication-Info",
  "Content-Disposition",
  "Content-Type",
  "Date",
  "Event",
  "Expires",
  "Min-Expires",
  "Min-SE",
  "RAck",
  "Refer-To",
  "Referred-By",
  "Replaces",
  "Retry-After",
  "RSeq",
  "Session-Expires",
  "Subscription-State",
  "Target-Dialog",
  "Timestamp",
]);

const otherNames = [
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Alert-Info",
  "Allow",
  "Authorization",
  "Call-Info",
  "Diversion",
  "History-Info",
  "MIME-Version",
  "Organization",
  "P-Asserted-Identity",
  "P-Preferred-Identity",
  "Path",
  "Privacy",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Require",
  "Reason",
  "Remote-Party-ID",
  "Reply-To",
  "Require",
  "Server",
  "Service-Route",
  "SIP-ETag",
  "SIP-If-Match",
  "Unsupported",
  "User-Agent",
  "Warning",
  "WWW-Authenticate",
];

const usualNames: ReadonlyMap<string, string> = collectUsualNames();

/** The long name in its usual spelling; names that nobody knows stay as they are. */
export function usualHeaderName(name: string): string {
  return usualNames.get(name) ?? usualNames.get(name.toLowerCase()) ?? name;
}

export function isStructuredName(usualName: string): usualName is StructuredName {
  return structured.has(usualName);
}

export function isSingleName(usualName: string): boolean {
  return singleNames.has(usualName);
}

function collectUsualNames(): Map<string, string> {
  const names = new Map(Object.entries(compactForms));
  const longNames = [...structuredNames, ...singleNames, ...otherNames, ...names.values()];
  for (const name of longNames) names.set(name, name).set(name.toLowerCase(), name);
  return names;
}
