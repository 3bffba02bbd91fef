/** `--service web`: the page, the REST API and the history of all services of a host. */
import { type EventTaker, ServiceFollowers } from "../history/service-followers.ts";
import { versionInfo } from "../version.ts";
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
import { browserCallCommands } from "./browser-call-commands.ts";
import { openBrowserCalls } from "./browser-call-desk.ts";
import type { BrowserCalls } from "./browser-calls.ts";
import { currentConfigPath } from "./config-file.ts";
import type { EventPosition } from "./event-stream.ts";
import {
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
import { statusReader, steerService } from "./web-control.ts";
import { configuredLogFolder, openWebCare, type WebCare } from "./web-care.ts";
import { openWebHistory, type WebHistory } from "./web-history.ts";
import { WebSettings } from "./web-settings.ts";
import { WebTries } from "./web-tries.ts";
import { openWebDoors, type WebDoors } from "./web-doors.ts";
import { webServiceOptions, type WebValues } from "./web-options.ts";

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
const followedServices = [
  "sip",
  "audiosocket",
  "whisper",
  "llama",
  "kokoro",
  "web",
  supervisorService,
];

const randomBytes: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

async function startWeb(values: WebValues, context: ServiceContext): Promise<RunningService> {
  const doors = await openWebDoors(values, context, randomBytes);
  const watched: { followers?: ServiceFollowers } = {};
  const isRunning = (service: string, pid: number): boolean =>
    watched.followers?.isJoined(service, pid) ?? true;
  const history = await openWebHistory(values, context, isRunning);
  const wantPassing = (isWanted: boolean): void => watched.followers?.wantPassing(isWanted);
  const logFolder = await configuredLogFolder(values, context);
  const parts = joinParts({ ...doors, values, wantPassing, context, history, logFolder });
  watched.followers = follow(parts);
  const release = (): void => {
    void parts.talk.stop();
    void parts.care.closeCare();
    parts.streams.close();
    parts.feed.close();
    parts.catchUp.close();
    parts.board.close();
    watched.followers?.close();
    doors.close();
    history.close();
  };
  try {
    const server = openServer(parts, values);
    return run({ ...parts, values, server, release });
  } catch (error) {
    release();
    throw error;
  }
}

interface Given extends WebDoors {
  readonly values: WebValues;
  /** Whether somebody looks at what callers are saying just now. */
  readonly wantPassing: (isWanted: boolean) => void;
  readonly context: ServiceContext;
  readonly history: WebHistory;
  readonly logFolder: string;
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
  /** Calls from browsers. */
  readonly talk: BrowserCalls;
  readonly settings: WebSettings;
  readonly care: WebCare;
}

function joinParts(given: Given): Parts {
  const { context } = given;
  const { clock } = context;
  const { commit } = versionInfo();
  const calls = new LiveCalls({ clock, onChange: () => feed.changed() });
  const catchUp = new CatchUp({
    clock,
    take: (process, fields) => given.hooks.take(process, fields, calls.take(process, fields)),
  });
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
  const onWatchers = (): void => given.wantPassing(feed.watchers + hub.watchers > 0);
  const feed = new NowFeed({ clock, view: now, onWatchers });
  const metrics = new Metrics(clock.wallMs());
  const hub = new EventHub({ life: randomBytes(6).toHex(), onWatchers });
  const { values, logFolder } = given;
  const settings = new WebSettings({
    values,
    context,
    env: process.env,
    calls: () => calls.active,
  });
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
    talk: openBrowserCalls({ values, context, hub, board }),
    settings,
    care: openWebCare({ values, context, board, settings, logFolder }),
  };
}

function follow(parts: Parts): ServiceFollowers {
  const { context, hub, calls, catchUp, board, metrics } = parts;
  const { stateFolder, clock, log } = context;
  const reader = statusReader(context);
  return new ServiceFollowers({
    stateFolder,
    services: followedServices,
    taker: fromTheirBeginning(parts),
    // Nobody looks yet: unfinished texts cost whisper work.
    passing: false,
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
function fromTheirBeginning({ history: { recorder }, hooks }: Parts): EventTaker {
  const read = new Map<string, EventPosition>();
  return {
    take(event) {
      const { service, pid, stream, seq } = event;
      read.set(`${service}/${pid}`, { stream, seq });
      if (read.size > maxProcesses) read.delete([...read.keys()][0] ?? "");
      recorder.take(event);
      hooks.note(event);
    },
    since: (service, pid) => read.get(`${service}/${pid}`),
  };
}

/** Of all services, over the life of this one, that are remembered. */
const maxProcesses = 500;

function openServer(parts: Parts, { bind, port }: WebValues): WebServer {
  const { context, access, metrics, audit, keeper } = parts;
  const { log } = context;
  const app = new WebApp({
    routes: allRoutes(applianceOf(parts)),
    access,
    log,
    onDeed: (deed) => audit.add(deed),
    onAnswer: (status) => metrics.answered(status),
  });
  const server = openWebServer({
    bind,
    port,
    tls: keeper?.pair,
    answer: (request, address) => app.answer(request, address),
  });
  keeper?.onChange((pair) => server.useCertificate(pair));
  return server;
}

function applianceOf(parts: Parts): Appliance {
  const { context, history } = parts;
  const { commit } = versionInfo();
  return {
    ...parts,
    clock: context.clock,
    history: history.past,
    version: { ...versionInfo() },
    commit,
    certificate: () => parts.keeper?.view(),
    steer: (action, service) => steerService(context, action, service),
    status: () => statusOf(parts),
    historyCounts: () => history.recorder.status(),
    ...parts.care,
    tries: new WebTries({
      configPath: currentConfigPath(parts.values.config),
      context,
      callsUp: () => parts.calls.active,
      randomBytes,
    }),
  };
}

/** No private data. */
function statusOf(parts: Parts): Record<string, unknown> {
  const { access, history, streams, feed, calls, talk, keeper, hooks } = parts;
  return {
    hasPassword: access.hasPassword,
    isSecure: access.isSecure,
    certificate: keeper?.view(),
    webhooks: hooks.status(),
    sessions: access.sessions,
    eventStreams: streams.count,
    pagesNow: feed.watchers,
    activeCalls: calls.active,
    browserCalls: talk.status(),
    current: talk.current(),
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
  if (!isLoopback(values.bind) && !access.isSecure) {
    log.warn("the page is served without TLS: passwords and calls can be read on their way", {
      advice: "give --tls generated, or --tls-cert and --tls-key",
    });
  }
  void board.refresh();
  return {
    ready: { url: server.url, hasPassword: access.hasPassword },
    status: () => ({
      url: server.url,
      address: `${values.bind}:${server.port}`,
      ...statusOf(parts),
    }),
    events: parts.talk.events,
    command: browserCallCommands(parts.talk),
    async stop() {
      await Promise.all([parts.talk.stop(), parts.care.closeCare()]);
      parts.streams.close();
      await server.stop();
      release();
    },
    finished: runsUntilStopped,
  };
}
