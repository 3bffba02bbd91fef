/** Logs and crash reports are their owner's alone. */

export const privateFolderMode = 0o700;
export const privateFileMode = 0o600;
