/** The table of all routes: the router serves it, and the OpenAPI document describes it. */
import type { Appliance } from "./appliance.ts";
import { jsonAnswer } from "./answers.ts";
import { openApiDocument } from "./openapi.ts";
import type { Route } from "./route.ts";
import { assetRoute } from "./routes/asset-routes.ts";
import { callRoutes } from "./routes/call-routes.ts";
import { doctorRoutes } from "./routes/doctor-routes.ts";
import { lineRoutes } from "./routes/line-routes.ts";
import { historyRoutes } from "./routes/history-routes.ts";
import { liveRoutes } from "./routes/live-routes.ts";
import { logRoutes } from "./routes/log-routes.ts";
import { modelRoutes } from "./routes/model-routes.ts";
import { pageRoutes } from "./routes/page-routes.ts";
import { serviceRoutes } from "./routes/service-routes.ts";
import { sessionRoutes } from "./routes/session-routes.ts";
import { settingsRoutes } from "./routes/settings-routes.ts";
import { statusRoutes } from "./routes/status-routes.ts";
import { talkRoutes } from "./routes/talk-routes.ts";
import { auditRoutes } from "./routes/audit-routes.ts";
import { hookRoutes } from "./routes/hook-routes.ts";
import { tokenRoutes } from "./routes/token-routes.ts";
import { tryRoutes } from "./routes/try-routes.ts";

export function allRoutes(appliance: Appliance): readonly Route[] {
  const described: readonly Route[] = [
    ...serviceRoutes(appliance),
    ...callRoutes(appliance),
    ...historyRoutes(appliance),
    ...liveRoutes(appliance),
    ...lineRoutes(appliance),
    ...settingsRoutes(appliance),
    ...statusRoutes(appliance),
    ...sessionRoutes(appliance),
    ...tokenRoutes(appliance),
    ...hookRoutes(appliance),
    ...auditRoutes(appliance),
    ...tryRoutes(appliance),
    ...talkRoutes(appliance),
    ...modelRoutes(appliance),
    ...logRoutes(appliance),
    ...doctorRoutes(appliance),
  ];
  const document: Route = {
    method: "GET",
    path: "/api/v1/openapi.json",
    least: "viewer",
    kind: "api",
    summary: "This document.",
    answer: { type: "application/json", help: "OpenAPI 3.1" },
    handle: () =>
      jsonAnswer(openApiDocument([...described, document], appliance.version["version"] ?? "")),
  };
  return [...pageRoutes(appliance), ...described, document, assetRoute];
}
