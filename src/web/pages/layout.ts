/** What all pages have around them: navigation, who is logged in, and the places for what is said. */
import { assetFolder } from "../client/assets.ts";
import { type Html, html } from "../html.ts";
import { isAtLeast, type Principal } from "../roles.ts";

/** Who looks at a page. */
export interface Viewer {
  readonly principal: Principal;
  /** There is somebody to log out. */
  readonly hasSession: boolean;
}

/** One page; the navigation is made of them. */
export interface PageEntry {
  readonly path: string;
  readonly title: string;
}

export interface LayoutOptions {
  readonly title: string;
  readonly path: string;
  readonly pages: readonly PageEntry[];
  readonly viewer: Viewer;
  /** Where the events come from that keep the page up to date. */
  readonly live?: string;
  /** Scripts of this page, by the names of `client/assets.ts`, besides the one that all have. */
  readonly scripts?: readonly string[];
  readonly main: Html;
}

/** Reading needs no script: without one the page is fetched again now and then. */
const reloadEveryS = 5;

export function layout({ title, path, pages, viewer, live, scripts, main }: LayoutOptions): Html {
  return html`<html lang="en">
    ${head(title, { isLive: live !== undefined, scripts })}
    <body>
      <a class="skip" href="#main">To the content</a>
      <header class="top">
        <a class="brand" href="/"
          ><img src="${assetFolder}/icon.svg" alt="" width="28" height="28" />Wildfire</a
        >
        <nav aria-label="Pages">
          <ul>
            ${pages.map((page) => navEntry(page, path))}
          </ul>
        </nav>
        ${live !== undefined && connection()} ${account(viewer)}
      </header>
      <main id="main" ${live === undefined ? "" : liveAttribute(live)}>${main}</main>
      <p id="notice" class="notice" role="status" aria-live="polite"></p>
      ${confirmDialog()}
    </body>
  </html>`;
}

export function canSteer({ principal }: Viewer): boolean {
  return isAtLeast(principal.role, "operator");
}

export interface HeadOptions {
  /** It changes while one looks at it. */
  readonly isLive?: boolean;
  readonly scripts?: readonly string[] | undefined;
}

export function head(title: string, { isLive = false, scripts = [] }: HeadOptions = {}): Html {
  return html`<head>
    <meta charset="utf-8" />
    <title>${title} · Wildfire</title>
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="${assetFolder}/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="${assetFolder}/style.css" />
    ${["page", ...scripts].map(scriptElement)}
    ${isLive && html`<noscript><meta http-equiv="refresh" content="${reloadEveryS}" /></noscript>`}
  </head>`;
}

function scriptElement(name: string): Html {
  return html`<script type="module" src="${assetFolder}/${name}.js"></script>`;
}

function liveAttribute(live: string): Html {
  return html`data-live="${live}"`;
}

function navEntry({ path, title }: PageEntry, current: string): Html {
  return path === current
    ? html`<li><a href="${path}" aria-current="page">${title}</a></li>`
    : html`<li><a href="${path}">${title}</a></li>`;
}

function connection(): Html {
  return html`<span id="connection" class="connection" role="status" data-state="still"
    >Loaded once</span
  >`;
}

function account({ principal, hasSession }: Viewer): Html | undefined {
  if (!hasSession) return undefined;
  return html`<form class="account" method="post" action="/logout">
    <span>${principal.name} (${principal.role})</span>
    <input type="hidden" name="csrf" value="${principal.csrfToken ?? ""}" />
    <button type="submit">Log out</button>
  </form>`;
}

function confirmDialog(): Html {
  return html`<dialog data-confirm aria-labelledby="confirm-text">
    <form method="dialog">
      <p id="confirm-text" data-text></p>
      <menu>
        <li><button value="no" autofocus>Cancel</button></li>
        <li><button value="yes" class="strong">Yes</button></li>
      </menu>
    </form>
  </dialog>`;
}
