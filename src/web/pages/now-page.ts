/** The page "Now": the pipeline as a picture, and the calls that are up. */
import { type Html, html } from "../html.ts";
import type { LiveCall } from "../live/live-call.ts";
import type { ServiceView } from "../live/service-view.ts";
import { callCard } from "./call-card.ts";
import { serviceCard } from "./service-card.ts";

/** What is to be seen at one moment, for somebody who may steer or may not. */
export interface NowView {
  readonly services: readonly ServiceView[];
  readonly calls: readonly LiveCall[];
  readonly hasSupervisor: boolean;
  readonly commit: string;
  readonly canSteer: boolean;
}

/** A piece of the page that is renewed as a whole. */
export interface Fragment {
  readonly id: string;
  readonly html: Html;
}

/** Regions of the page and what is in them, in order. */
export interface NowFragments {
  readonly summary: Fragment;
  readonly services: readonly Fragment[];
  readonly calls: readonly Fragment[];
}

export function nowFragments(view: NowView): NowFragments {
  const { services, calls, canSteer, commit } = view;
  return {
    summary: { id: "summary", html: summary(view) },
    services: services.map((service) => ({
      id: `service-${service.name}`,
      html: serviceCard({ view: service, canSteer, commit }),
    })),
    calls: calls.map((call) => ({ id: `call-${call.id}`, html: callCard(call) })),
  };
}

export function nowMain(view: NowView): Html {
  const { summary: top, services, calls } = nowFragments(view);
  return html`<h1>Now</h1>
    ${top.html}
    <section aria-labelledby="pipeline-title">
      <h2 id="pipeline-title">The way of the sound</h2>
      <ol id="services" class="pipeline" data-order="${orderOf(services)}">
        ${services.map((fragment) => fragment.html)}
      </ol>
    </section>
    <section aria-labelledby="calls-title">
      <h2 id="calls-title">Calls</h2>
      <div id="calls" class="calls" data-order="${orderOf(calls)}">
        ${calls.map((fragment) => fragment.html)}
      </div>
      <p class="nothing">No call is up.</p>
    </section>`;
}

export function orderOf(fragments: readonly Fragment[]): string {
  return fragments.map(({ id }) => id).join(" ");
}

function summary({ services, calls, hasSupervisor, canSteer }: NowView): Html {
  const ill = services.filter(({ state, health }) => state !== "ready" || health === "failing");
  const up = calls.filter(({ endedMs }) => endedMs === undefined).length;
  const tone = ill.length === 0 && services.length > 0 ? "good" : "bad";
  return html`<div id="summary" class="summary" data-tone="${tone}">
    <p><strong>${servicesSentence(services, ill)}</strong> ${callsSentence(up)}</p>
    ${
      canSteer &&
      !hasSupervisor &&
      html`<p class="hint">
        Services can be started and stopped here when they run under <code>wildfire up</code>.
      </p>`
    }
  </div>`;
}

function servicesSentence(services: readonly ServiceView[], ill: readonly ServiceView[]): string {
  if (services.length === 0) return "No service runs.";
  if (ill.length === 0) return "All services are ready.";
  const names = ill.map(({ name }) => name).join(", ");
  return `${ill.length} of ${services.length} services ${ill.length === 1 ? "is" : "are"} not ready: ${names}.`;
}

function callsSentence(count: number): string {
  if (count === 0) return "No call is up.";
  return count === 1 ? "One call is up." : `${count} calls are up.`;
}
