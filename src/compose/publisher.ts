const RETRY_MS = 1000;

export type Publisher = {
  /** Has all that is unpublished published soon. */
  wake(): void;
  /** Publishes what is left and stops; what cannot be published now is so at the next start. */
  stop(): Promise<void>;
};

/** Runs `publish` whenever there is something to publish, one run at a time, and again after a failure. */
export function publisher(
  publish: () => Promise<void>,
  onProblem: (error: unknown) => void,
): Publisher {
  let isWanted = false;
  let isStopping = false;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (isWanted) {
      isWanted = false;
      try {
        await publish();
      } catch (error) {
        onProblem(error);
        if (isStopping) return;
        setTimeout(wake, RETRY_MS).unref();
        return;
      }
    }
  }

  function wake(): void {
    isWanted = true;
    running ??= run().finally(() => {
      running = undefined;
      if (isWanted && !isStopping) wake();
    });
  }

  return {
    wake,
    async stop() {
      isStopping = true;
      wake();
      await running;
    },
  };
}
