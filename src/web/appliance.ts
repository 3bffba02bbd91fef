/** What the routes work with: everything that the service of this page knows and can do. */
import type { ExportedCall, ExportFormat } from "../history/export-call.ts";
import type { CallRecord } from "../history/call-record.ts";
import type { CallPage, CallPageQuery } from "../history/history-reader.ts";
import type { Access } from "./access.ts";
import type { ApiTokens } from "./api-tokens.ts";
import type { EventHub } from "./live/event-hub.ts";
import type { EventResponses } from "./live/event-response.ts";
import type { LiveCalls } from "./live/live-calls.ts";
import type { NowFeed } from "./live/now-feed.ts";
import type { NowView } from "./pages/now-page.ts";
import type { ServiceBoard } from "./live/service-board.ts";
import type { Metrics } from "./metrics.ts";
import type { Clock } from "../core/clock.ts";

export const serviceActions = ["start", "stop", "restart"] as const;
export type ServiceAction = (typeof serviceActions)[number];

/** The calls of the past; each rejects with a WildfireError when they cannot be read. */
export interface History {
  page(query: CallPageQuery): Promise<CallPage>;
  call(which: string | number): Promise<CallRecord | undefined>;
  export(which: string | number, format: ExportFormat): Promise<ExportedCall | undefined>;
}

export interface Appliance {
  readonly clock: Clock;
  readonly access: Access;
  readonly tokens: ApiTokens;
  readonly board: ServiceBoard;
  readonly calls: LiveCalls;
  readonly hub: EventHub;
  readonly feed: NowFeed;
  readonly streams: EventResponses;
  readonly history: History;
  readonly metrics: Metrics;
  readonly version: Readonly<Record<string, string>>;
  readonly commit: string;
  /** What the page "Now" shows at this moment. */
  now(canSteer: boolean): NowView;
  /** Rejects with a WildfireError when there is no supervisor, or it refuses. */
  steer(action: ServiceAction, service: string): Promise<Readonly<Record<string, unknown>>>;
  /** No private data. */
  status(): Readonly<Record<string, unknown>>;
  historyCounts(): { readonly written: number; readonly waiting: number; readonly dropped: number };
}
