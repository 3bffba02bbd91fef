/** A stream of events from the server, opened anew also where the browser has given it up. */
import type { PageEventSource } from "./dom.ts";

declare const EventSource: new (url: string) => PageEventSource;

/** The server refused: somebody was logged out, or too many pages are open. That passes slowly, if at all. */
const openAgainMs = 15_000;
const closed = 2;

export interface LiveSourceOptions {
  readonly url: string;
  /** What to do with the data of an event, by its name. */
  readonly on: Readonly<Record<string, (data: string) => void>>;
  /** Empty as soon as it is connected. */
  readonly tell: (problem: string) => void;
}

/** `since`: the id behind which it goes on. */
export function followLive(options: LiveSourceOptions, since = ""): void {
  const { url, on, tell } = options;
  const source = new EventSource(urlBehind(url, since));
  let last = since;
  source.addEventListener("open", () => tell(""));
  source.addEventListener("error", () => {
    if (source.readyState !== closed) {
      tell("Connection lost, trying again …");
      return;
    }
    tell("Not connected: reload the page, you may have to log in again");
    setTimeout(() => followLive(options, last), openAgainMs);
  });
  for (const [name, take] of Object.entries(on)) {
    source.addEventListener(name, ({ data, lastEventId }) => {
      last = lastEventId;
      take(data);
    });
  }
}

/** A browser says only to the same source how far it was. */
function urlBehind(url: string, since: string): string {
  if (since === "") return url;
  const [path = "", search = ""] = url.split("?");
  const query = new URLSearchParams(search);
  query.set("since", since);
  return `${path}?${query.toString()}`;
}
