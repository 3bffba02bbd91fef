/** What the routes work with: everything that the service of this page knows and can do. */
import type { RemovalOutcome } from "../history/call-removal.ts";
import type { ExportedCall, ExportFormat } from "../history/export-call.ts";
import type { ListPiece, ListQuery } from "../history/export-list.ts";
import type { CallRecord } from "../history/call-record.ts";
import type { CallPage, CallPageQuery } from "../history/history-reader.ts";
import type { Access } from "./access.ts";
import type { ApiTokens } from "./api-tokens.ts";
import type { AuditTrail } from "./audit-trail.ts";
import type { CertificateView } from "./certificate/certificate-keeper.ts";
import type { HookDesk } from "../webhooks/hook-desk.ts";
import type { DoctorDesk } from "./doctor-view.ts";
import type { EventHub } from "./live/event-hub.ts";
import type { EventResponses } from "./live/event-response.ts";
import type { LiveCalls } from "./live/live-calls.ts";
import type { LogDesk } from "./log-view.ts";
import type { ModelDesk } from "./models-view.ts";
import type { NowFeed } from "./live/now-feed.ts";
import type { NowView } from "./pages/now-page.ts";
import type { ServiceBoard } from "./live/service-board.ts";
import type { Metrics } from "./metrics.ts";
import type { SettingsDesk } from "./settings/settings-desk.ts";
import type { TalkDesk } from "./talk/talk-desk.ts";
import type { TryDesk } from "./try-desk.ts";
import type { Clock } from "../core/clock.ts";

export const serviceActions = ["start", "stop", "restart"] as const;
export type ServiceAction = (typeof serviceActions)[number];

/** The calls of the past; each rejects with a WildfireError when they cannot be read. */
export interface History {
  page(query: CallPageQuery): Promise<CallPage>;
  call(which: string | number): Promise<CallRecord | undefined>;
  export(which: string | number, format: ExportFormat): Promise<ExportedCall | undefined>;
  /** One piece of the export of many. */
  list(query: ListQuery): Promise<ListPiece>;
  /** Lines that there are calls of. */
  lines(): Promise<readonly string[]>;
  /** With its recordings. Throws a WildfireError when the disk refuses. */
  remove(which: string | number): RemovalOutcome["kind"];
  /** By the path that the history has; undefined when the file is gone. */
  recording(path: string): Promise<StoredRecording | undefined>;
  state(): HistoryState;
}

export interface StoredRecording {
  readonly path: string;
  readonly bytes: number;
  readonly changedMs: number;
}

/** Whether calls are written down, and what became of a broken file. */
export interface HistoryState {
  readonly waiting: number;
  readonly dropped: number;
  readonly lastProblem: string | null;
  /** Wall clock; null while all is well. */
  readonly troubleSinceMs: number | null;
  readonly aside: { readonly file: string; readonly atMs: number } | null;
  /** The sound of calls is kept. */
  readonly hasAudio: boolean;
}

export interface Appliance {
  readonly clock: Clock;
  readonly access: Access;
  readonly tokens: ApiTokens;
  readonly audit: AuditTrail;
  readonly hooks: HookDesk;
  /** Undefined where the page is served without TLS. */
  certificate(): CertificateView | undefined;
  readonly board: ServiceBoard;
  readonly calls: LiveCalls;
  readonly hub: EventHub;
  readonly feed: NowFeed;
  readonly streams: EventResponses;
  readonly history: History;
  readonly settings: SettingsDesk;
  readonly models: ModelDesk;
  readonly logs: LogDesk;
  readonly doctor: DoctorDesk;
  readonly metrics: Metrics;
  readonly talk: TalkDesk;
  readonly tries: TryDesk;
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
