/** Whoever opened a stream may read on while they may log in. */
import type { Appliance } from "./appliance.ts";

export function stayRule(
  { access }: Pick<Appliance, "access">,
  { headers }: Request,
): () => boolean {
  // The request itself is gone once it is answered.
  const kept = new Headers(headers);
  return () => access.mayStay(kept);
}
