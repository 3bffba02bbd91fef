/** The player of a page: whether it really plays, and how long that takes. */
import type { Page } from "playwright-core";
import { eventually } from "../end-to-end/eventually.ts";

export interface PlayingSound {
  readonly durationS: number;
  /** 2 and more: there is sound at this place. */
  readonly readyState: number;
  readonly currentS: number;
}

const readPlayer = `(() => {
  const { duration, readyState, currentTime } = document.querySelector("audio");
  return { durationS: Number.isFinite(duration) ? duration : -1, readyState, currentS: currentTime };
})()`;

/** Resolves when it has been heard for a moment. */
export async function playing(page: Page): Promise<PlayingSound> {
  return await eventually({
    what: "the player to play",
    probe: async () => {
      const sound = await page.evaluate<PlayingSound>(readPlayer);
      return sound.readyState >= 2 && sound.currentS > 0.2 ? sound : undefined;
    },
  });
}
