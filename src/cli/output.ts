import { createLogUpdate } from 'log-update';
import { DENIED_FIX } from '#compose/account/clients.ts';
import { Failure } from '#domain/failure.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** A command's output: for people lines, and on a terminal one more with what the command waits for; for programs JSON, when requested. */
export type Output = {
  line(text: string): void;
  data(value: unknown): void;
  /** Shows progress until the returned function is called; silent without a terminal. */
  busy(text: () => string): () => void;
};

/** With `json` only JSON goes to stdout, and text for people to stderr. */
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

/** The text of the error that ends a command: what happened and what to do, or the whole stack of an unexpected one. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof Failure)) return error.stack ?? error.message;
  const fix = error.fix || (error.name === 'PlatformDenied' ? DENIED_FIX : '');
  return fix ? `${error.message}\n→ ${fix}` : error.message;
}
