type Options = {
  readonly sweep: () => Promise<unknown>;
  /** Called when a problem first occurs, not each time it recurs. */
  readonly onProblem: (error: unknown) => void;
  readonly periodMs: number;
};

export type LocalSweep = {
  /** Starts no more sweeps; resolves when the running one has ended. */
  stop(): Promise<void>;
};

/** Sweeps now, and again `periodMs` after the end of each sweep, so never two at once. */
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
