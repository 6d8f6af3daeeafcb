import { createLogUpdate } from 'log-update';
import { DENIED_FIX } from '#compose/account/clients.ts';
import { Failure } from '#domain/failure.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** Where a command writes: for people finished lines, and on a terminal one more that shows what is being waited for; for programs JSON, where it was asked for. */
export type Output = {
  line(text: string): void;
  data(value: unknown): void;
  /** Shows that something is under way until the answer is called; silent where nobody watches. */
  busy(text: () => string): () => void;
};

/** With `json` only JSON goes to stdout, and what is for people to stderr. */
export function commandOutput({ json }: { readonly json?: boolean }): Output {
  return json
    ? { ...textOutput(process.stderr), data: (value) => console.log(JSON.stringify(value)) }
    : { ...textOutput(process.stdout), data: () => {} };
}

function textOutput(stream: NodeJS.WriteStream): Pick<Output, 'line' | 'busy'> {
  if (!stream.isTTY) return { line: (text) => stream.write(`${text}\n`), busy: () => () => {} };
  const live = createLogUpdate(stream, { showCursor: true });
  return {
    line(text) {
      live.clear();
      stream.write(`${text}\n`);
    },
    busy(text) {
      let frame = 0;
      const timer = setInterval(
        () => live(`${FRAMES[frame++ % FRAMES.length]} ${text()}`),
        FRAME_MS,
      );
      return () => {
        clearInterval(timer);
        live.clear();
      };
    },
  };
}

export function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(2).padStart(6)} s`;
}

/** An error as a command ends with it: what happened and what to do, or for an unexpected one the whole stack. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof Failure)) return error.stack ?? error.message;
  const fix = error.fix || (error.name === 'PlatformDenied' ? DENIED_FIX : '');
  return fix ? `${error.message}\n→ ${fix}` : error.message;
}
