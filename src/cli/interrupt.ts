/** Aborted by the first Ctrl-C, or SIGTERM, until it is disposed of; the second one ends the command at once. */
export function onInterrupt(): Disposable & { readonly signal: AbortSignal } {
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return {
    signal: stopped.signal,
    [Symbol.dispose]: () => void process.off('SIGINT', stop).off('SIGTERM', stop),
  };
}
