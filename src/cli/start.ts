import type { LocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';
import { DEMO_MODEL, runDemo } from './demo/demo.ts';
import type { Output } from './output.ts';

type Options = {
  readonly config: LocalConfig;
  readonly demo: boolean;
  /** Stops after the demo's answer instead of serving until a signal. */
  readonly once: boolean;
  readonly output: Output;
};

/** Starts Slipway on this machine and serves until SIGINT or SIGTERM. False when the demo's answer was wrong. */
export async function start({ config, demo, once, output }: Options): Promise<boolean> {
  const stopAsked = signalled();
  const slipway = await startLocal(config, { environment: process.env, report: output.line });
  output.line(`gateway   ${slipway.gateway}
control   ${slipway.control}
bucket    ${slipway.bucketDir}`);
  try {
    if (demo) {
      const isLive = await slipway.isLive(DEMO_MODEL);
      const isRight = await runDemo({ ...slipway, dataDir: config.dataDir }, isLive, output);
      if (once || !isRight) return isRight;
    }
    output.line('\nserving until Ctrl-C');
    await stopAsked;
    return true;
  } finally {
    await slipway.stop();
  }
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}
