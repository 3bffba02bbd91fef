/** The web service itself: status, version, health, and figures for Prometheus. */
import type { Appliance } from "../appliance.ts";
import { jsonAnswer } from "../answers.ts";
import { type Fields, numberIn, objectIn, objectsIn } from "../../services/event-fields.ts";
import type { Route } from "../route.ts";

export function statusRoutes(appliance: Appliance): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/healthz",
      least: "nobody",
      kind: "api",
      summary: "Answers while the web service works; says nothing about the others.",
      answer: { type: "application/json", help: "`status`: ok" },
      handle: () => jsonAnswer({ status: "ok" }),
    },
    {
      method: "GET",
      path: "/metrics",
      least: "viewer",
      kind: "api",
      summary: "Figures for Prometheus: calls, stages of turns, services, packets.",
      answer: { type: "text/plain", help: "text format 0.0.4" },
      handle: () => metrics(appliance),
    },
    {
      method: "GET",
      path: "/api/v1/status",
      least: "viewer",
      kind: "api",
      summary: "What the web service knows about itself.",
      answer: { type: "application/json", help: "history, event streams, sessions" },
      handle: () => jsonAnswer(appliance.status()),
    },
    {
      method: "GET",
      path: "/api/v1/version",
      least: "viewer",
      kind: "api",
      summary: "What this build is made of.",
      answer: { type: "application/json", help: "version, commit, bun, whisper" },
      handle: () => jsonAnswer(appliance.version),
    },
  ];
}

function metrics(appliance: Appliance): Response {
  const { board, calls, streams, version, commit } = appliance;
  const lines = objectsIn(board.status("sip") ?? {}, "lines");
  const own = appliance.status();
  const [hooks, browsers] = [objectIn(own, "webhooks"), objectIn(own, "browserCalls")];
  const text = appliance.metrics.write({
    build: { version: version["version"] ?? "", commit },
    services: board.services(),
    activeCalls: calls.active,
    lines: {
      configured: lines.length,
      registered: lines.filter((line) => line["isRegistered"] === true).length,
    },
    history: appliance.historyCounts(),
    eventReaders: streams.count,
    webhooks: {
      receivers: count(hooks, "receivers"),
      failing: count(hooks, "failing"),
      waiting: count(hooks, "spooled") + count(hooks, "waiting"),
      delivered: count(hooks, "delivered"),
      dropped: count(hooks, "dropped") + count(hooks, "lost"),
    },
    browserCalls: { calls: count(browsers, "calls"), refused: count(browsers, "refused") },
  });
  return new Response(text, {
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
}

function count(fields: Fields, name: string): number {
  return numberIn(fields, name) ?? 0;
}
