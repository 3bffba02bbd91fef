/** The common log: pages of it, what is added, and all that matches as a text. */
import { formatPosition } from "../../supervisor/log-parts.ts";
import type { ServiceRecord } from "../../supervisor/service-record.ts";
import type { Appliance } from "../appliance.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import { html } from "../html.ts";
import type { EventWriter } from "../live/event-response.ts";
import { FragmentFeed } from "../live/fragment-feed.ts";
import { logParameters, readLogQuery, readPosition } from "../log-query.ts";
import { doctorFragment } from "../pages/doctor-view.ts";
import { logRow } from "../pages/log-view.ts";
import { registrationFragment } from "../pages/registration-view.ts";
import { isAtLeast } from "../roles.ts";
import type { Route, RouteParameter, WebRequest } from "../route.ts";
import { stayRule } from "../stay-rule.ts";

const stream = "text/event-stream";
const since: RouteParameter = {
  name: "since",
  in: "query",
  help: "go on behind this place, as an answer or an event gave it",
};

export function logRoutes(appliance: Appliance): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/logs",
      least: "viewer",
      kind: "api",
      summary: "Records of all services, the newest last; or with `follow` those that are added.",
      parameters: [
        ...logParameters,
        { name: "limit", in: "query", help: "how many at most; 100 without it", kind: "integer" },
        { name: "before", in: "query", help: "older ones than this place, as `older` has it" },
        {
          name: "follow",
          in: "query",
          help: "true: server-sent events",
          choices: ["true", "false"],
        },
        since,
        { name: "last-event-id", in: "header", help: "the same, as browsers send it" },
      ],
      answer: {
        type: "application/json",
        help: "`records`, and the places `older` and `newest`; with follow a record in each event",
      },
      handle: async (request) =>
        request.url.searchParams.get("follow") === "true"
          ? followRecords(appliance, request)
          : await recordPage(appliance, request),
    },
    {
      method: "GET",
      path: "/api/v1/logs/text",
      least: "viewer",
      kind: "api",
      summary: "All records that match, a line each, oldest first, as a file.",
      parameters: logParameters,
      answer: { type: "text/plain", help: "as `wildfire logs` shows them" },
      handle: ({ request, url }) => textFile(appliance, request, url),
    },
    troubleRoute(appliance),
  ];
}

const maxRecords = 1000;

async function recordPage({ logs }: Appliance, { url, request }: WebRequest): Promise<Response> {
  const { filter, before } = readLogQuery(url);
  const limit = Number(url.searchParams.get("limit") ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > maxRecords) {
    throw new RequestError(400, `the parameter limit is a number from 1 to ${maxRecords}`);
  }
  const page = await logs.page({ filter, limit, before, signal: request.signal });
  return jsonAnswer({
    folder: logs.folder,
    records: page.records.map(described),
    older: page.older === undefined ? null : formatPosition(page.older),
    newest: page.newest === undefined ? null : formatPosition(page.newest),
    isCut: page.isCut,
    isLost: page.isLost,
  });
}

function described({ wallMs, ...record }: ServiceRecord): Readonly<Record<string, unknown>> {
  return { time: new Date(wallMs).toISOString(), ...record };
}

function followRecords(appliance: Appliance, { request, url }: WebRequest): Response {
  const { streams, clock, logs } = appliance;
  const { filter } = readLogQuery(url);
  const from = placeAsked(request, url);
  return streams.open({
    request,
    clock,
    mayStay: stayRule(appliance, request),
    begin: (writer) =>
      logs.follow(filter, from, {
        records(records, place) {
          const id = place === undefined ? undefined : formatPosition(place);
          for (const [index, record] of records.entries()) {
            const isLast = index === records.length - 1;
            writer.send({ id: isLast ? id : undefined, data: JSON.stringify(described(record)) });
          }
        },
        missed: () => writer.send({ name: "missed", data: "{}" }),
        failed: (reason) => writer.send({ name: "failed", data: JSON.stringify({ reason }) }),
      }),
  });
}

function placeAsked(request: Request, url: URL) {
  const given = request.headers.get("last-event-id") ?? url.searchParams.get("since") ?? "";
  return readPosition("since", given);
}

function textFile({ logs, clock }: Appliance, request: Request, url: URL): Response {
  const { filter } = readLogQuery(url);
  const day = new Date(clock.wallMs()).toISOString().slice(0, 10);
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "content-disposition": `attachment; filename="wildfire-${day}.log"`,
  };
  // Nobody would read it, and it would keep its place among the readers.
  if (request.method === "HEAD") return new Response(null, { headers });
  return new Response(logs.text(filter), { headers });
}

const renewMs = 200;
/** Whisper's counts. */
const everyMs = 2000;

/** Everything of the page Trouble that changes comes by one stream: a browser has few connections. */
function troubleRoute(appliance: Appliance): Route {
  const { streams, clock, board, doctor, logs } = appliance;
  const feed = new FragmentFeed({
    clock,
    renewMs,
    everyMs,
    fragments: async (role) => {
      await board.refresh();
      const isOperator = isAtLeast(role, "operator");
      return [
        doctorFragment(doctor.state(), isOperator),
        registrationFragment(board.status("whisper")),
      ];
    },
  });
  doctor.onChanged(() => feed.changed());
  return {
    method: "GET",
    path: "/live/trouble",
    least: "viewer",
    kind: "api",
    summary: "Pieces of the page Trouble and records of the log; for the script of that page.",
    parameters: [...logParameters, since],
    answer: { type: stream, help: "`fragment`: a piece of HTML; `rows`: records as HTML" },
    handle({ request, url, principal }) {
      const { filter } = readLogQuery(url);
      const from = placeAsked(request, url);
      return streams.open({
        request,
        clock,
        mayStay: stayRule(appliance, request),
        begin(writer) {
          const ends = [
            // First, since it alone refuses: nothing else has begun then.
            logs.follow(filter, from, rowWriter(writer)),
            feed.watch(writer, principal?.role ?? "viewer"),
            doctor.watch(),
          ];
          return () => {
            for (const end of ends) end();
          };
        },
      });
    },
  };
}

function rowWriter(writer: EventWriter): Parameters<Appliance["logs"]["follow"]>[2] {
  return {
    records(records, place) {
      const id = place === undefined ? undefined : formatPosition(place);
      const rows = html`<ol>
        ${records.map(logRow)}
      </ol>`;
      writer.send({ id, name: "rows", data: JSON.stringify({ html: rows.text }) });
    },
    missed: () => writer.send({ name: "missed", data: "{}" }),
    failed: (reason) => writer.send({ name: "failed", data: JSON.stringify({ reason }) }),
  };
}
