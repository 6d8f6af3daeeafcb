const RETRY_MS = 1000;

export type Publisher = {
  /** Triggers publishing of all unpublished events. */
  wake(): void;
  /** Publishes what is left and stops; the next start publishes what fails now. */
  stop(): Promise<void>;
};

/** Runs `publish` whenever there is something to publish, one run at a time. Retries every second after a failure, which it reports once. */
export function publisher(
  publish: () => Promise<void>,
  onProblem: (error: unknown) => void,
): Publisher {
  let last: Promise<void> = Promise.resolve();
  let isQueued = false;
  let isFailing = false;
  let retry: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    isQueued = false;
    clearTimeout(retry);
    try {
      await publish();
      isFailing = false;
    } catch (error) {
      if (!isFailing) onProblem(error);
      isFailing = true;
      retry = setTimeout(wake, RETRY_MS).unref();
    }
  }

  function wake(): void {
    if (isQueued) return;
    isQueued = true;
    last = last.then(run);
  }

  return {
    wake,
    async stop() {
      wake();
      await last;
      clearTimeout(retry);
    },
  };
}
