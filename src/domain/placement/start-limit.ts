/** How long (s) a replica may take from its order until its model begins to load: what the target allows, or twice the time that a start is expected to take, whichever is longer; nothing where nothing is allowed, since no image is fetched there. */
export function provisioningLimit(
  allowedSeconds: number,
  { startSeconds = 0 }: { readonly startSeconds?: number },
): number {
  return allowedSeconds === 0 ? 0 : Math.max(allowedSeconds, Math.ceil(2 * startSeconds));
}
