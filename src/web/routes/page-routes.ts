/** The pages, in the order of the navigation: each is one file in `pages/` and one entry here. */
import type { Appliance } from "../appliance.ts";
import { pageAnswer, RequestError } from "../answers.ts";
import { Html } from "../html.ts";
import { canSteer, layout, type Viewer } from "../pages/layout.ts";
import { accessMain } from "../pages/access-page.ts";
import { callMain } from "../pages/call-page.ts";
import { callsMain } from "../pages/calls-page.ts";
import { brainMain } from "../pages/brain-page.ts";
import { earsMain } from "../pages/ears-page.ts";
import { linesMain } from "../pages/lines-page.ts";
import { nowMain } from "../pages/now-page.ts";
import { talkMain } from "../pages/talk-page.ts";
import { troubleMain } from "../pages/trouble-page.ts";
import { voiceMain } from "../pages/voice-page.ts";
import { isAtLeast, type Role } from "../roles.ts";
import type { Route, WebRequest } from "../route.ts";

interface Page {
  readonly path: string;
  readonly title: string;
  readonly summary: string;
  /** Who may open it; without it everybody who may read. */
  readonly role?: Role;
  /** Where its live pieces come from. */
  readonly live?: string;
  /** Its own scripts, by the names of `client/assets.ts`. */
  readonly scripts?: readonly string[];
  readonly main: (
    appliance: Appliance,
    request: WebRequest,
    viewer: Viewer,
  ) => Html | TitledPage | Promise<Html | TitledPage>;
  /** It is not in the navigation, where it counts as this page. */
  readonly within?: string;
}

/** A page whose title depends on what is in it. */
interface TitledPage {
  readonly title: string;
  readonly main: Html;
}

const pages: readonly Page[] = [
  {
    path: "/",
    title: "Now",
    summary: "The pipeline as a picture, and the calls that are up.",
    live: "/live/now",
    main: (appliance, _request, viewer) => nowMain(appliance.now(canSteer(viewer))),
  },
  {
    path: "/calls",
    title: "Calls",
    summary: "The calls of the past: searched and exported.",
    main: ({ history, clock }, { url }) => callsMain(history, { url, nowMs: clock.wallMs() }),
  },
  {
    path: "/calls/{call}",
    title: "Call",
    within: "/calls",
    summary: "One call of the past: what was said, how fast, and what went on.",
    scripts: ["calls"],
    main: callMain,
  },
  {
    path: "/ears",
    title: "Ears",
    summary: "What hears: its models and settings.",
    live: "/live/ears",
    scripts: ["settings", "ears"],
    main: earsMain,
  },
  {
    path: "/brain",
    title: "Brain",
    summary: "What answers: its settings, and a prompt to try.",
    scripts: ["settings", "brain"],
    main: (appliance, _request, viewer) => brainMain(appliance, viewer),
  },
  {
    path: "/voice",
    title: "Voice",
    summary: "What speaks: its settings, and a text to hear.",
    scripts: ["settings", "voice"],
    main: (appliance, _request, viewer) => voiceMain(appliance, viewer),
  },
  {
    path: "/lines",
    title: "Lines",
    summary: "Lines at the PBX: their state, and what they are made of.",
    live: "/live/lines",
    scripts: ["settings", "lines"],
    main: (appliance, _request, viewer) => linesMain(appliance, viewer),
  },
  {
    path: "/talk",
    title: "Talk",
    summary: "A test call from the browser's microphone.",
    scripts: ["talk"],
    main: async ({ talk }, _request, viewer) => talkMain(await talk.state(), canSteer(viewer)),
  },
  {
    path: "/access",
    title: "Access",
    summary: "Password, tokens, who is logged in, webhooks, certificate, and who did what.",
    role: "admin",
    scripts: ["access", "settings"],
    main: accessMain,
  },
  {
    path: "/trouble",
    title: "Trouble",
    summary: "Why something does not work: the doctor, the registration listener and the logs.",
    scripts: ["trouble"],
    main: troubleMain,
  },
];

function navigationFor({ principal }: Viewer): readonly Page[] {
  return pages.filter(
    ({ within, role = "viewer" }) => within === undefined && isAtLeast(principal.role, role),
  );
}

export function pageRoutes(appliance: Appliance): readonly Route[] {
  return pages.map((page) => ({
    method: "GET",
    path: page.path,
    least: page.role ?? "viewer",
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
  const content = await page.main(appliance, request, viewer);
  const { title, main } = content instanceof Html ? { title: page.title, main: content } : content;
  const path = page.within ?? page.path;
  return pageAnswer(layout({ ...page, path, title, pages: navigationFor(viewer), viewer, main }));
}
