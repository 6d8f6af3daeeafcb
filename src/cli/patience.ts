import { warn } from './terminal.ts';

const LOOK_MS = 1000;

type Reporter = {
  readonly tell: (says: string) => void;
  /** Calls `look` again and again; answers how to end that. */
  readonly repeat: (look: () => void) => () => void;
};

const onStandardError: Reporter = {
  tell: (says) => warn(`slipway: ${says}`),
  repeat(look) {
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  },
};

/** Does `work`, and tells what it is at when that takes longer than a second, each second that it is at something else. */
export async function patiently<Result>(
  work: (at: (says: string) => void) => Promise<Result>,
  { tell, repeat }: Reporter = onStandardError,
): Promise<Result> {
  let [now, told] = ['', ''];
  const stop = repeat(() => {
    if (now !== told) tell(now);
    told = now;
  });
  try {
    return await work((says) => {
      now = says;
    });
  } finally {
    stop();
  }
}
