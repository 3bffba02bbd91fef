/** Which calls are wanted, and as which statement: by time, or by the words that were said; pure. */

export interface CallFilter {
  /** Words that were said or answered; all of them, the last one may be incomplete. */
  readonly text?: string | undefined;
  /** Part of a number or a name of the other side. */
  readonly remote?: string | undefined;
  readonly line?: string | undefined;
  /** Calls that began then or later. */
  readonly fromMs?: number | undefined;
  /** Calls that began before. */
  readonly beforeMs?: number | undefined;
}

/** Opaque to readers; as the page before gave it. */
export interface PageMark {
  readonly startedMs: number;
  readonly id: number;
}

/** Where a page lies: behind an older page's end, or before a newer page's beginning. */
export type PagePlace =
  | { readonly kind: "first" }
  | { readonly kind: "older"; readonly than: PageMark }
  | { readonly kind: "newer"; readonly than: PageMark };

/** What follows SELECT and its columns; calls are `c`. Newer pages come with their oldest call first. */
export interface CallSelection {
  readonly sql: string;
  readonly values: (string | number)[];
}

/** In the order in which they began. */
export function selectByTime(filter: CallFilter, place: PagePlace): CallSelection {
  const { conditions, values } = narrowing(filter);
  if (place.kind !== "first") {
    conditions.push(`(c.startedMs, c.id) ${signOf(place)} (?, ?)`);
    values.push(place.than.startedMs, place.than.id);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const order = orderOf(place);
  return { sql: `FROM calls c ${where} ORDER BY c.startedMs ${order}, c.id ${order}`, values };
}

export interface WordSelection {
  readonly filter: CallFilter;
  /** Of the full-text index. */
  readonly expression: string;
  readonly place: PagePlace;
}

/** In the order of the rows, which is that of beginning but for what was told late: no sorting of all hits. */
export function selectByWords({ filter, expression, place }: WordSelection): CallSelection {
  const { conditions, values } = narrowing(filter);
  const own = ["s.search MATCH ?"];
  const ownValues: (string | number)[] = [expression];
  if (place.kind !== "first") {
    own.push(`s.rowid ${signOf(place)} ?`);
    ownValues.push(place.than.id);
  }
  for (const [condition, bound, ms] of rowBounds(filter)) {
    own.push(`s.rowid ${condition} (${bound})`);
    ownValues.push(ms);
  }
  const sql = `FROM search s CROSS JOIN calls c ON c.id = s.rowid
    WHERE ${[...own, ...conditions].join(" AND ")} ORDER BY s.rowid ${orderOf(place)}`;
  return { sql, values: [...ownValues, ...values] };
}

function signOf({ kind }: PagePlace): string {
  return kind === "newer" ? ">" : "<";
}

function orderOf({ kind }: PagePlace): string {
  return kind === "newer" ? "ASC" : "DESC";
}

/** Rows outside these cannot be of that time, so that hits of other times are not looked at. */
function rowBounds({ fromMs, beforeMs }: CallFilter): [string, string, number][] {
  const bounds: [string, string, number][] = [];
  const lowest = "SELECT coalesce(min(id), 0) FROM calls WHERE startedMs >= ?";
  const highest = "SELECT coalesce(max(id), 0) FROM calls WHERE startedMs < ?";
  if (fromMs !== undefined) bounds.push([">=", lowest, fromMs]);
  if (beforeMs !== undefined) bounds.push(["<=", highest, beforeMs]);
  return bounds;
}

function narrowing(filter: CallFilter): { conditions: string[]; values: (string | number)[] } {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const { remote = "", line, fromMs, beforeMs } = filter;
  if (remote.trim() !== "") {
    conditions.push("(c.remote LIKE ? ESCAPE '\\' OR c.name LIKE ? ESCAPE '\\')");
    const pattern = `%${remote.trim().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    values.push(pattern, pattern);
  }
  if (line !== undefined) {
    conditions.push("c.line = ?");
    values.push(line);
  }
  if (fromMs !== undefined) {
    conditions.push("c.startedMs >= ?");
    values.push(fromMs);
  }
  if (beforeMs !== undefined) {
    conditions.push("c.startedMs < ?");
    values.push(beforeMs);
  }
  return { conditions, values };
}
