/** What the page and the routes know of webhooks. */
import type { PostOutcome } from "./webhook-post.ts";
import type { WebhooksView } from "./webhooks.ts";

export interface HookDesk {
  view(): WebhooksView;
  /** Rejects with a WildfireError when there is no such receiver, or no secret. */
  test(receiver: number): Promise<PostOutcome>;
  /** A new secret, to be kept in secrets.toml; `use` makes it count. */
  newSecret(): { readonly secret: string; readonly use: () => void };
}
