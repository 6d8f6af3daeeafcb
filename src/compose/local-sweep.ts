type Options = {
  readonly sweep: () => Promise<unknown>;
  /** Told of a problem when it comes up, not each time it is met again. */
  readonly onProblem: (error: unknown) => void;
  readonly periodMs: number;
};

export type LocalSweep = {
  /** No sweep begins any more; resolves when the one that runs has ended. */
  stop(): Promise<void>;
};

/** Sweeps now, and again `periodMs` after each sweep has ended: never two at once. */
export function localSweep({ sweep, onProblem, periodMs }: Options): LocalSweep {
  let known = '';
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let running = run();

  async function run(): Promise<void> {
    try {
      await sweep();
      known = '';
    } catch (error) {
      tell(error);
    }
    if (!isStopped) timer = setTimeout(again, periodMs).unref();
  }

  function again(): void {
    running = run();
  }

  function tell(error: unknown): void {
    const problem = String(error);
    if (problem !== known && !isStopped) onProblem(error);
    known = problem;
  }

  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
