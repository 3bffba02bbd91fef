/** Work that several do at once, each taking the next piece when done with the last. */

/** Resolves when all is done; rejects with the first failure. */
export async function sideBySide<T>(
  workers: number,
  work: readonly T[],
  act: (piece: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < work.length) {
      const index = next;
      next += 1;
      const piece = work[index];
      if (piece !== undefined) await act(piece, index);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
