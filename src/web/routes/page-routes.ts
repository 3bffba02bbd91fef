/** The pages, in the order of the navigation: each is one file in `pages/` and one entry here. */
import type { Appliance } from "../appliance.ts";
import { pageAnswer, RequestError } from "../answers.ts";
import type { Html } from "../html.ts";
import { canSteer, layout, type Viewer } from "../pages/layout.ts";
import { nowMain } from "../pages/now-page.ts";
import type { Route, WebRequest } from "../route.ts";

interface Page {
  readonly path: string;
  readonly title: string;
  readonly summary: string;
  /** Where its live pieces come from. */
  readonly live?: string;
  readonly main: (
    appliance: Appliance,
    request: WebRequest,
    viewer: Viewer,
  ) => Html | Promise<Html>;
}

const pages: readonly Page[] = [
  {
    path: "/",
    title: "Now",
    summary: "The pipeline as a picture, and the calls that are up.",
    live: "/live/now",
    main: (appliance, _request, viewer) => nowMain(appliance.now(canSteer(viewer))),
  },
];

export function pageRoutes(appliance: Appliance): readonly Route[] {
  return pages.map((page) => ({
    method: "GET",
    path: page.path,
    least: "viewer",
    kind: "page",
    summary: page.summary,
    answer: { type: "text/html", help: "a page" },
    handle: (request: WebRequest) => show(page, appliance, request),
  }));
}

async function show(page: Page, appliance: Appliance, request: WebRequest): Promise<Response> {
  const { principal } = request;
  if (principal === undefined) throw new RequestError(401, "log in first");
  const viewer = { principal, hasSession: principal.by === "session" };
  const main = await page.main(appliance, request, viewer);
  const { title, path, live } = page;
  return pageAnswer(
    layout({ title, path, pages, viewer, main, ...(live === undefined ? {} : { live }) }),
  );
}
