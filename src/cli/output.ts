import { createRequire } from 'node:module';
import { Failure } from '#domain/failure.ts';
import { DENIED_FIX } from '#operations/account/clients.ts';
import { printable, tellJson } from './terminal.ts';
import { asTyped } from './typed.ts';

const require = createRequire(import.meta.url);

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
// The sign before a line, and after it a column that stays free: some terminals wrap at the last one.
const SIGN_COLUMNS = 3;

/** The columns and lines of a terminal. */
export type Room = { readonly columns: number; readonly rows: number };

/** Where a command writes: for people finished lines, and on a terminal below them lines that show what is under way; for programs JSON, where it was asked for. */
export type Output = {
  /** The terminal's size now; null where nobody watches. */
  room(): Room | null;
  line(text: string): void;
  data(value: unknown): void;
  /** Shows what is under way until the answer is called, in as many lines as there are at each moment; silent where nobody watches. */
  busy(lines: (room: Room) => readonly string[]): () => void;
};

/** `json` sends only JSON to stdout, and text for people to stderr. */
export function commandOutput({ json }: { readonly json?: boolean }): Output {
  return json
    ? { ...textOutput(process.stderr), data: tellJson }
    : { ...textOutput(process.stdout), data: () => {} };
}

function textOutput(stream: NodeJS.WriteStream): Omit<Output, 'data'> {
  const line = (text: string) => void stream.write(`${printable(asTyped(text))}\n`);
  if (!canRedraw(stream, process.env)) return { room: () => null, line, busy: () => () => {} };
  let live: LogUpdate | undefined;
  const room = () => ({ columns: stream.columns, rows: stream.rows });
  return {
    room,
    line(text) {
      live?.clear();
      line(text);
    },
    busy(lines) {
      const redraw = live ?? liveLines(stream);
      live = redraw;
      let frame = 0;
      const draw = () => {
        const { columns, rows } = room();
        const sign = FRAMES[frame++ % FRAMES.length];
        const drawn = lines({ columns: columns - SIGN_COLUMNS, rows });
        redraw(drawn.map((text) => printable(`${sign} ${text}`)).join('\n'));
      };
      const timer = setInterval(draw, FRAME_MS);
      return () => {
        clearInterval(timer);
        redraw.clear();
      };
    },
  };
}

type LogUpdate = ReturnType<typeof liveLines>;

// Commands that only print need no log-update, which takes longer to load than they run.
function liveLines(stream: NodeJS.WriteStream) {
  const { createLogUpdate }: typeof import('log-update') = require('log-update');
  return createLogUpdate(stream, { showCursor: true });
}

/** Whether lines can be drawn over one another: not where nobody watches, and not on terminals which only print, as that of Emacs' shell. */
export function canRedraw(
  { isTTY }: { readonly isTTY?: boolean },
  { TERM }: NodeJS.ProcessEnv,
): boolean {
  return isTTY === true && TERM !== 'dumb';
}

export function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(2).padStart(6)} s`;
}

/** The text of the error that ends a command: what happened and what to do, or the whole stack of an unexpected one. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof Failure)) return error.stack ?? error.message;
  const fix = error.fix || (error.name === 'PlatformDenied' ? DENIED_FIX : '');
  return asTyped(fix ? `${error.message}\n→ ${fix}` : error.message);
}
