/**
 * Makes one tree like another by changing only what differs: what has the focus keeps it, and a screen
 * reader hears only what is new.
 */
import type { PageElement, PageNode } from "./dom.ts";

const elementType = 1;

/** Both must be the same kind of element; `adopt` gives a copy that belongs to the page. */
export function morph(
  from: PageElement,
  to: PageElement,
  adopt: (node: PageNode) => PageNode,
): void {
  // Times that the page counts by itself.
  if (from.hasAttribute("data-since") && sameAttribute(from, to, "data-since")) return;
  morphAttributes(from, to);
  let at: PageNode | null = from.childNodes[0] ?? null;
  for (const wanted of to.childNodes) {
    const known = counterpart(from, at, wanted);
    if (known === undefined) {
      from.insertBefore(adopt(wanted), at);
      continue;
    }
    if (known === at) at = at.nextSibling;
    else from.insertBefore(known, at);
    morphNode(known, wanted, adopt);
  }
  while (at !== null) {
    const next: PageNode | null = at.nextSibling;
    from.removeChild(at);
    at = next;
  }
}

/** Its children become those; what is in its place already is not taken out, and keeps scroll and focus. */
export function arrange(place: PageElement, wanted: readonly PageNode[]): void {
  for (const child of Array.from(place.childNodes)) {
    if (!wanted.includes(child)) place.removeChild(child);
  }
  let at: PageNode | null = place.childNodes[0] ?? null;
  for (const child of wanted) {
    if (child === at) at = at.nextSibling;
    else place.insertBefore(child, at);
  }
}

function morphNode(from: PageNode, to: PageNode, adopt: (node: PageNode) => PageNode): void {
  if (isElement(from) && isElement(to)) morph(from, to, adopt);
  else if (from.textContent !== to.textContent) from.textContent = to.textContent;
}

/** The child that stands for `wanted`: the one of its id, else the next one if it is of its kind. */
function counterpart(
  from: PageElement,
  at: PageNode | null,
  wanted: PageNode,
): PageNode | undefined {
  const id = idOf(wanted);
  if (id !== "") return Array.from(from.childNodes).find((child) => idOf(child) === id);
  const isSame = at !== null && at.nodeName === wanted.nodeName && idOf(at) === "";
  return isSame ? at : undefined;
}

function morphAttributes(from: PageElement, to: PageElement): void {
  for (const { name, value } of Array.from(to.attributes)) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of Array.from(from.attributes)) {
    if (!to.hasAttribute(name)) from.removeAttribute(name);
  }
}

function sameAttribute(one: PageElement, other: PageElement, name: string): boolean {
  return one.getAttribute(name) === other.getAttribute(name);
}

function idOf(node: PageNode): string {
  return isElement(node) ? node.id : "";
}

function isElement(node: PageNode): node is PageElement {
  return node.nodeType === elementType;
}
