/** Buttons that change something, such as starting a service: asks first, and says what became of it. */
import type { PageDocument, PageElement } from "./dom.ts";
import { textOf } from "./fields.ts";
import { tell } from "./notice.ts";
import { refusal, sendForJson } from "./server-request.ts";

declare const document: PageDocument;
declare const location: { assign(address: string): void };

export function steerOnClick(): void {
  document.addEventListener("click", ({ target }) => {
    const button = buttonOf(target);
    if (button !== null) void press(button);
  });
}

function buttonOf(target: unknown): PageElement | null {
  return isElement(target) ? target.closest("button[data-steer]") : null;
}

function isElement(target: unknown): target is PageElement {
  return typeof target === "object" && target !== null && "closest" in target;
}

async function press(button: PageElement): Promise<void> {
  const question = button.getAttribute("data-question") ?? "";
  if (question !== "" && !(await confirmed(question))) return;
  button.disabled = true;
  try {
    tell(await steer(button.getAttribute("data-steer") ?? "", methodOf(button)), "done");
    const next = button.getAttribute("data-next");
    if (next !== null) location.assign(next);
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error), "failed");
  }
  button.disabled = false;
}

function methodOf(button: PageElement): string {
  return button.getAttribute("data-method") ?? "POST";
}

export function confirmed(question: string): Promise<boolean> {
  const dialog = document.querySelector("dialog[data-confirm]");
  const text = document.querySelector("dialog[data-confirm] [data-text]");
  if (dialog?.showModal === undefined || text === null) return Promise.resolve(true);
  text.textContent = question;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** What to tell when it is done; throws what went wrong. */
async function steer(path: string, method: string): Promise<string> {
  const { isOk, status, answer } = await sendForJson(path, { method });
  if (isOk) return textOf(answer, "message") || "Done.";
  throw new Error(refusal(answer, status));
}
