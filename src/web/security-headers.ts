/** What every answer says about itself, so that a browser does nothing with it that was not meant. */

/** Only what this server serves itself, as files: no inline script, no style, no frame, no other host. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  // Recordings, and sound that a page has fetched or made.
  "media-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const always: readonly (readonly [string, string])[] = [
  ["content-security-policy", contentPolicy],
  ["x-frame-options", "DENY"],
  ["x-content-type-options", "nosniff"],
  // With "no-referrer" a browser would say "null" for the origin of a form, which cannot be checked.
  ["referrer-policy", "same-origin"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  ["permissions-policy", "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"],
];

/** Answers are of the moment and of one person, unless the route says otherwise. */
export function addSecurityHeaders(response: Response): Response {
  const { headers } = response;
  for (const [name, value] of always) headers.set(name, value);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return response;
}
