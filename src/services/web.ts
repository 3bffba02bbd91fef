/** `--service web`: the page, the REST API and the history of all services of a host. */
import { join } from "node:path";
import { type EventTaker, ServiceFollowers } from "../history/service-followers.ts";
import { versionInfo } from "../version.ts";
import { Access } from "../web/access.ts";
import { ApiTokens } from "../web/api-tokens.ts";
import type { Appliance } from "../web/appliance.ts";
import { CatchUp } from "../web/live/catch-up.ts";
import { EventHub } from "../web/live/event-hub.ts";
import { EventResponses } from "../web/live/event-response.ts";
import { LiveCalls } from "../web/live/live-calls.ts";
import { NowFeed } from "../web/live/now-feed.ts";
import { ServiceBoard, supervisorService } from "../web/live/service-board.ts";
import { Metrics } from "../web/metrics.ts";
import type { NowView } from "../web/pages/now-page.ts";
import { isLoopback } from "../web/request-origin.ts";
import { allRoutes } from "../web/routes.ts";
import type { RandomBytes } from "../web/secret-tokens.ts";
import { openWebServer, type WebServer } from "../web/server.ts";
import { WebApp } from "../web/web-app.ts";
import type { EventPosition } from "./event-stream.ts";
import {
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
import { statusReader, steerService } from "./web-control.ts";
import { openWebHistory, type WebHistory } from "./web-history.ts";
import { readCertificate, readPassword, webServiceOptions, type WebValues } from "./web-options.ts";

export const webService: ServiceDefinition<typeof webServiceOptions> = {
  name: "web",
  summary: "Shows and steers all services in a browser, and keeps the history of calls.",
  example: "wildfire --service web --port 8081",
  options: webServiceOptions,
  start: startWeb,
};

/** In the order in which a call meets them. */
const shownServices = ["sip", "audiosocket", "whisper", "llama", "kokoro", "web"];
/** Those that tell events. */
const followedServices = ["sip", "whisper", "llama", "kokoro", supervisorService];

const randomBytes: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

async function startWeb(values: WebValues, context: ServiceContext): Promise<RunningService> {
  const { clock, stateFolder } = context;
  const password = readPassword(values, process.env);
  const tls = await readCertificate(values);
  const path = join(stateFolder, "web", "tokens.json");
  const tokens = await ApiTokens.open({ path, clock, randomBytes });
  const { bind } = values;
  const isSecure = tls !== undefined;
  const access = new Access({ bind, isSecure, password, tokens, clock, randomBytes });
  const watched: { followers?: ServiceFollowers } = {};
  const isRunning = (service: string, pid: number): boolean =>
    watched.followers?.isJoined(service, pid) ?? true;
  const history = await openWebHistory(values, context, isRunning);
  const parts = joinParts({ context, history, access, tokens });
  watched.followers = follow(parts);
  const release = (): void => {
    parts.streams.close();
    parts.feed.close();
    parts.catchUp.close();
    parts.board.close();
    watched.followers?.close();
    history.close();
  };
  try {
    const server = openServer(parts, { values, tls });
    return run({ ...parts, values, server, release });
  } catch (error) {
    release();
    throw error;
  }
}

interface Given {
  readonly context: ServiceContext;
  readonly history: WebHistory;
  readonly access: Access;
  readonly tokens: ApiTokens;
}

interface Parts extends Given {
  readonly hub: EventHub;
  readonly calls: LiveCalls;
  readonly catchUp: CatchUp;
  readonly board: ServiceBoard;
  readonly feed: NowFeed;
  readonly streams: EventResponses;
  readonly metrics: Metrics;
  readonly now: (canSteer: boolean) => NowView;
}

function joinParts(given: Given): Parts {
  const { context } = given;
  const { clock } = context;
  const { commit } = versionInfo();
  const calls = new LiveCalls({ clock, onChange: () => feed.changed() });
  const catchUp = new CatchUp({ clock, take: (process, fields) => calls.take(process, fields) });
  const board = new ServiceBoard({
    services: shownServices,
    reader: statusReader(context),
    clock,
    onChange: () => feed.changed(),
    onStatus: (process, status) => calls.reconcile(process, status),
    isWatched: () => feed.watchers > 0 || calls.active > 0,
  });
  const now = (canSteer: boolean): NowView => ({
    services: board.services(),
    calls: calls.list(),
    hasSupervisor: board.hasSupervisor,
    commit,
    canSteer,
  });
  const feed = new NowFeed({ clock, view: now });
  const metrics = new Metrics(clock.wallMs());
  const hub = new EventHub({ life: randomBytes(6).toHex() });
  return {
    ...given,
    hub,
    calls,
    catchUp,
    board,
    feed,
    streams: new EventResponses(),
    metrics,
    now,
  };
}

function follow(parts: Parts): ServiceFollowers {
  const { context, hub, calls, catchUp, board, metrics } = parts;
  const { stateFolder, clock, log } = context;
  const reader = statusReader(context);
  return new ServiceFollowers({
    stateFolder,
    services: followedServices,
    taker: fromTheirBeginning(parts.history),
    onEvent(service, pid, fields) {
      // First, so that readers of one call find that it is about theirs.
      catchUp.take({ service, pid }, fields);
      hub.publish({ service, pid, fields });
      metrics.take(service, fields);
      if (service === supervisorService) void board.refresh();
    },
    onJoined: () => void board.refresh(),
    onLeft(service, pid) {
      // A connection may be lost, too.
      if (!reader.processes(service).includes(pid)) calls.left({ service, pid });
      void board.refresh();
    },
    clock,
    log,
  });
}

/**
 * All that a service has kept is read once, also what the history has already: the calls that are up are
 * put together from it. The history takes each event once.
 */
function fromTheirBeginning({ recorder }: WebHistory): EventTaker {
  const read = new Map<string, EventPosition>();
  return {
    take(event) {
      const { service, pid, stream, seq } = event;
      read.set(`${service}/${pid}`, { stream, seq });
      if (read.size > maxProcesses) read.delete([...read.keys()][0] ?? "");
      recorder.take(event);
    },
    since: (service, pid) => read.get(`${service}/${pid}`),
  };
}

/** Of all services, over the life of this one, that are remembered. */
const maxProcesses = 500;

interface Serving {
  readonly values: WebValues;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

function openServer(parts: Parts, { values, tls }: Serving): WebServer {
  const { context, access, metrics } = parts;
  const { log } = context;
  const app = new WebApp({
    routes: allRoutes(applianceOf(parts)),
    access,
    log,
    onAnswer: (status) => metrics.answered(status),
  });
  const { bind, port } = values;
  return openWebServer({
    bind,
    port,
    tls,
    answer: (request, address) => app.answer(request, address),
  });
}

function applianceOf(parts: Parts): Appliance {
  const { context, history } = parts;
  const { commit } = versionInfo();
  return {
    ...parts,
    clock: context.clock,
    history: history.desk,
    version: { ...versionInfo() },
    commit,
    steer: (action, service) => steerService(context, action, service),
    status: () => statusOf(parts),
    historyCounts: () => history.recorder.status(),
  };
}

/** No private data. */
function statusOf({ access, history, streams, feed, calls }: Parts): Record<string, unknown> {
  return {
    hasPassword: access.hasPassword,
    isSecure: access.isSecure,
    sessions: access.sessions,
    eventStreams: streams.count,
    pagesNow: feed.watchers,
    activeCalls: calls.active,
    history: history.recorder.status(),
    memoryBytes: process.memoryUsage.rss(),
  };
}

interface Running extends Parts {
  readonly values: WebValues;
  readonly server: WebServer;
  readonly release: () => void;
}

function run(parts: Running): RunningService {
  const { context, values, server, board, release, access } = parts;
  const { log } = context;
  log.info("web is ready", { url: server.url, hasPassword: access.hasPassword });
  if (!isLoopback(values.bind) && !access.isSecure) {
    log.warn("the page is served without TLS: passwords and calls can be read on their way", {
      advice: "give --tls-cert and --tls-key",
    });
  }
  void board.refresh();
  return {
    status: () => ({
      url: server.url,
      address: `${values.bind}:${server.port}`,
      ...statusOf(parts),
    }),
    async stop() {
      parts.streams.close();
      await server.stop();
      release();
    },
    finished: runsUntilStopped,
  };
}
