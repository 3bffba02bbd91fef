/** Webhooks on the page Access: who gets them, how the last delivery went, a test, the secret. */
import { type Html, html } from "../html.ts";
import type { ReceiverState } from "../../webhooks/receiver-states.ts";
import type { ReceiverView } from "../../webhooks/webhook-receiver.ts";
import type { WebhooksView } from "../../webhooks/webhooks.ts";
import { secretPlace } from "./access-secret.ts";
import { dayTime } from "./access-times.ts";

/** `settings`: the form of who gets them. */
export function hooksSection(view: WebhooksView, settings: Html): Html {
  const { receivers, hasKey } = view;
  return html`<section aria-labelledby="hooks-title">
    <h2 id="hooks-title">Webhooks</h2>
    ${
      receivers.length === 0
        ? html`<p class="nothing">Nobody is told of calls yet: name an address below.</p>`
        : html`<p class="hint">${waitingSentence(view)}</p>
            <ul class="card-grid">
              ${receivers.map((receiver) => receiverCard(receiver, hasKey))}
            </ul>`
    }
    ${settings} ${secretForm(view)}
  </section>`;
}

function waitingSentence({ spooled, lost, problem }: WebhooksView): string {
  if (problem !== undefined) return `They cannot be written to disk now: ${problem}.`;
  const waiting = `Messages that wait on disk to be delivered: ${spooled}.`;
  return lost === 0 ? waiting : `${waiting} Lost while the disk refused: ${lost}.`;
}

const states: Readonly<Record<ReceiverState, { readonly tone: string; readonly text: string }>> = {
  open: { tone: "good", text: "ready" },
  pausing: { tone: "bad", text: "failing" },
  probing: { tone: "busy", text: "being tried again" },
  gone: { tone: "off", text: "wants no more" },
};

function receiverCard(receiver: ReceiverView, hasKey: boolean): Html {
  const { id, url, state, waiting, delivered, dropped, problem } = receiver;
  const { tone, text } = states[state];
  return html`<li class="card stack" data-tone="${tone}">
    <h3><code>${url}</code></h3>
    <p><span class="badge">${text}</span></p>
    ${problem !== undefined && html`<p class="problem">${problem}.</p>`}
    <dl>
      <div>
        <dt>Last</dt>
        <dd>${lastText(receiver)}</dd>
      </div>
      <div>
        <dt>Delivered</dt>
        <dd>${delivered}</dd>
      </div>
      <div>
        <dt>Waiting</dt>
        <dd>${waiting}</dd>
      </div>
      ${
        dropped > 0 &&
        html`<div>
          <dt>Given up</dt>
          <dd>${dropped}</dd>
        </div>`
      }
    </dl>
    ${
      hasKey &&
      html`<p class="actions">
        <button type="button" data-steer="/api/v1/webhooks/${id}/test">Send a test</button>
      </p>`
    }
  </li>`;
}

function lastText({ last, nextInMs }: ReceiverView): string {
  if (last === undefined) return "nothing was sent yet";
  const { atMs, isDelivered, status, tookMs } = last;
  const answer = status === undefined ? "" : ` (${status})`;
  const outcome = isDelivered ? `taken in ${tookMs} ms` : "not taken";
  const next = nextInMs === undefined ? "" : `, next try in ${Math.ceil(nextInMs / 1000)} s`;
  return `${dayTime(atMs)}: ${outcome}${answer}${next}`;
}

function secretForm({ hasKey, receivers }: WebhooksView): Html {
  const isMissing = !hasKey && receivers.length > 0;
  return html`<form class="card stack needs-script" data-post="/api/v1/webhooks/secret">
    <h3>Secret</h3>
    ${isMissing && html`<p class="problem">There is none: webhooks wait until you make one.</p>`}
    <p class="hint">
      Receivers verify by it that a message comes from here (Standard Webhooks, HMAC-SHA256).
      ${hasKey && "With a new one the old one counts no more."}
    </p>
    <button type="submit">${hasKey ? "Make a new secret" : "Make a secret"}</button>
    <p class="problem" role="alert" data-problem></p>
    ${secretPlace("The secret, which is shown this once:")}
  </form>`;
}
