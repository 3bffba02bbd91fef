/**
 * The few things of a browser that our script uses, typed here: the types of a whole browser would make
 * names like `document` known to the server's code, too.
 */

export interface PageNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly childNodes: ArrayLike<PageNode> & Iterable<PageNode>;
  readonly nextSibling: PageNode | null;
  textContent: string | null;
  insertBefore(node: PageNode, before: PageNode | null): void;
  removeChild(node: PageNode): void;
}

export interface PageElement extends PageNode {
  readonly id: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  readonly scrollHeight: number;
  readonly clientHeight: number;
  scrollTop: number;
  /** Of what goes sideways. */
  readonly offsetLeft?: number;
  scrollLeft?: number;
  disabled?: boolean;
  returnValue?: string;
  /** Of fields in forms. */
  value?: string;
  checked?: boolean;
  readOnly?: boolean;
  hidden?: boolean;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  hasAttribute(name: string): boolean;
  closest(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  addEventListener(kind: string, action: () => void, options?: { readonly once: boolean }): void;
  showModal?(): void;
  replaceChildren?(...nodes: readonly PageNode[]): void;
  dispatchEvent?(event: Event): boolean;
  play?(): Promise<void>;
  focus?(): void;
}

export interface PageEvent {
  readonly target: unknown;
  preventDefault(): void;
}

export interface PageDocument {
  readonly body: PageElement;
  /** What has the focus. */
  readonly activeElement: PageElement | null;
  getElementById(id: string): PageElement | null;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  createElement(name: string): PageElement;
  importNode(node: PageNode, deep: boolean): PageNode;
  addEventListener(kind: string, action: (event: PageEvent) => void): void;
}

export interface PageEventSource {
  readonly readyState: number;
  addEventListener(
    name: string,
    action: (event: { readonly data: string; readonly lastEventId: string }) => void,
  ): void;
}
