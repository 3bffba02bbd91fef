/** Tables of what is known of each delay, when delays are counted anew. */

/** Moves a table by `distance` places, which may be less than 0; what leaves it is lost, what comes in is `unknown`. */
export function moveRows(
  table: Float32Array | Float64Array | Uint8Array,
  distance: number,
  unknown: number,
): void {
  const count = Math.min(Math.abs(distance), table.length);
  if (distance > 0) {
    table.copyWithin(count, 0, table.length - count);
    table.fill(unknown, 0, count);
  } else {
    table.copyWithin(0, count);
    table.fill(unknown, table.length - count);
  }
}
