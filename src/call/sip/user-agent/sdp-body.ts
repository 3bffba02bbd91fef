/** The session description in a message's body, where there is one (RFC 3261 section 7.4, RFC 5621). */
import { headerValue, type SipMessageParts } from "../message/sip-message.ts";
import { sdpType } from "./session-media.ts";

export type DescriptionBody =
  | { readonly kind: "none" }
  | { readonly kind: "description"; readonly bytes: Uint8Array }
  /** A body, and nothing in it that describes a session. */
  | { readonly kind: "other" };

const none: DescriptionBody = { kind: "none" };
const other: DescriptionBody = { kind: "other" };

/** Far more parts than any peer sends: location, ISUP, resource lists. */
const maxParts = 16;

/** Of a body without Content-Type the first line tells; some gateways forget the header. */
export function descriptionIn(message: SipMessageParts): DescriptionBody {
  const { body } = message;
  if (body.length === 0) return none;
  const value = headerValue(message, "Content-Type");
  const type = mediaType(value);
  if (type === sdpType) return { kind: "description", bytes: body };
  if (type === "") return beginsAsDescription(body) ? { kind: "description", bytes: body } : other;
  if (!type.startsWith("multipart/")) return other;
  const boundary = boundaryOf(value ?? "");
  return boundary === undefined ? other : descriptionPart(body, boundary);
}

/** A header's value without its parameters, in lower case. */
export function mediaType(value: string | undefined): string {
  return value?.split(";")[0]?.trim().toLowerCase() ?? "";
}

function boundaryOf(contentType: string): string | undefined {
  const match = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}

/** The first part that is a description (RFC 2046 section 5.1.1). */
function descriptionPart(body: Uint8Array, boundary: string): DescriptionBody {
  // One character for each byte, so that positions in the text are positions in the body.
  const text = `\r\n${Buffer.from(body).toString("latin1")}`;
  const parts = text.split(`\n--${boundary}`, maxParts + 1).slice(1);
  for (const part of parts) {
    if (part.startsWith("--")) return other;
    const [head = "", separator] = /^[^\n]*\n(?:[^\r\n][^\n]*\n)*?(\r?\n)/.exec(part) ?? [];
    if (separator === undefined) continue;
    const type = /^content-type\s*:\s*([^\r\n]*)/im.exec(head)?.[1];
    if (mediaType(type) !== sdpType) continue;
    const content = part.slice(head.length).replace(/\r$/, "");
    return { kind: "description", bytes: new Uint8Array(Buffer.from(content, "latin1")) };
  }
  return other;
}

function beginsAsDescription(body: Uint8Array): boolean {
  return body[0] === 0x76 && body[1] === 0x3d && body[2] === 0x30;
}
