/** As much of a browser's tree as the script of the pages uses, to test how it changes one. */
import type { PageElement, PageNode } from "../../src/web/client/dom.ts";

abstract class LittleNode implements PageNode {
  abstract readonly nodeType: number;
  abstract readonly nodeName: string;
  abstract textContent: string | null;
  parent: LittleElement | undefined;
  readonly childNodes: LittleNode[] = [];

  get nextSibling(): LittleNode | null {
    const siblings = this.parent?.childNodes ?? [];
    return siblings[siblings.indexOf(this) + 1] ?? null;
  }

  insertBefore(node: PageNode, before: PageNode | null): void {
    if (!(node instanceof LittleNode) || !(this instanceof LittleElement))
      throw new TypeError("no node");
    node.parent?.removeChild(node);
    const at = this.childNodes.findIndex((child) => child === before);
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, node);
    node.parent = this;
  }

  removeChild(node: PageNode): void {
    const at = this.childNodes.findIndex((child) => child === node);
    if (at < 0) throw new TypeError("no child");
    for (const removed of this.childNodes.splice(at, 1)) removed.parent = undefined;
  }
}

export class LittleText extends LittleNode {
  readonly nodeType = 3;
  readonly nodeName = "#text";
  /** How often it was changed, as a screen reader would notice. */
  changes = 0;
  #text: string;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  get textContent(): string {
    return this.#text;
  }

  set textContent(text: string | null) {
    this.#text = text ?? "";
    this.changes += 1;
  }
}

export class LittleElement extends LittleNode implements PageElement {
  readonly nodeType = 1;
  readonly nodeName: string;
  readonly scrollHeight = 0;
  readonly clientHeight = 0;
  scrollTop = 0;
  readonly #attributes: Map<string, string>;

  constructor(
    name: string,
    attributes: Readonly<Record<string, string>>,
    children: readonly LittleNode[],
  ) {
    super();
    this.nodeName = name.toUpperCase();
    this.#attributes = new Map(Object.entries(attributes));
    for (const child of children) this.insertBefore(child, null);
  }

  get id(): string {
    return this.getAttribute("id") ?? "";
  }

  get attributes(): Iterable<{ readonly name: string; readonly value: string }> {
    return [...this.#attributes].map(([name, value]) => ({ name, value }));
  }

  get textContent(): string {
    return this.childNodes.map((child) => child.textContent ?? "").join("");
  }

  set textContent(text: string | null) {
    for (const child of this.childNodes.slice()) this.removeChild(child);
    this.insertBefore(new LittleText(text ?? ""), null);
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: string): void {
    this.#attributes.set(name, value);
  }

  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  hasAttribute(name: string): boolean {
    return this.#attributes.has(name);
  }

  closest(): PageElement | null {
    return null;
  }

  querySelectorAll(): Iterable<PageElement> {
    return [];
  }

  addEventListener(): void {
    // Nothing happens in it.
  }

  /** As markup, to compare. */
  get outer(): string {
    const attributes = [...this.#attributes].map(([name, value]) => ` ${name}="${value}"`).join("");
    const inner = this.childNodes.map((child) =>
      child instanceof LittleElement ? child.outer : child.textContent,
    );
    const name = this.nodeName.toLowerCase();
    return `<${name}${attributes}>${inner.join("")}</${name}>`;
  }
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (LittleElement | string)[]
): LittleElement {
  const nodes = children.map((child) =>
    typeof child === "string" ? new LittleText(child) : child,
  );
  return new LittleElement(name, attributes, nodes);
}

/** With all that is in it. */
export function copyOf(node: PageNode): LittleNode {
  if (!(node instanceof LittleElement)) return new LittleText(node.textContent ?? "");
  const attributes = Object.fromEntries(
    Array.from(node.attributes, ({ name, value }) => [name, value]),
  );
  return new LittleElement(node.nodeName, attributes, node.childNodes.map(copyOf));
}
